"""Forms of the path editor."""
