"""Writing an item: drafts, forms, and conflicts between two windows."""
