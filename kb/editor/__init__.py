"""What the Wagtail admin's editor of an item is made of: panels, form fields, blocks, permissions. Knows no model."""
