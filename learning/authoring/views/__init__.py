"""Pages of the path editor."""
