"""The unit tree of a day, the effective dates of its changes, and the names under which a unit's items are found."""
