# The names people try first; each is a script/ of the same name.
.PHONY: setup server test bench

setup server test bench:
	@script/$@ $(ARGS)
