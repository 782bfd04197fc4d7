"""The formats of retrospectives: one TOML data file each, and the module that reads and checks them."""
