"""The pages on which staff write: choosing a format, the form, and an edit conflict."""
