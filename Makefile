# Shortcuts: each target runs the script of the same name in script/.
.PHONY: setup server test bench

setup server test bench:
	@script/$@ $(ARGS)
