"""The formats of retrospectives: one TOML file for each format, and the module that reads and checks these files."""
