"""The pages on which a manager sees what the team is learning."""
