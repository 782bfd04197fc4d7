"""Units over time: the unit tree of a day, reorganisations and their effective dates, and the names of owner units."""
