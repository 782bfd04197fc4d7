"""Writing an item: drafts, forms, and edit conflicts."""
