"""The units of a day as a tree, the days on which changes take effect, and the unit names that search knows for an
item."""
