"""Builds learning paths: editing, publication, versions, forms and pages."""
