"""The parts of the Wagtail editor of items: panels, form fields, blocks, permissions. They import no model."""
