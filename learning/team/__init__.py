"""A manager's view of the team."""
