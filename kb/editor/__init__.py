"""The parts of the Wagtail editor for items: panels, form fields, blocks, permissions. They import no model."""
