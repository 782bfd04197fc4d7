"""Pages of the team and of one member."""
