"""Building a path: its editing, publication, versions, forms and pages."""
