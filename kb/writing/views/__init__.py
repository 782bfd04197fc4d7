"""The pages on which staff write: choosing a format, the form, and what to do about a conflict."""
