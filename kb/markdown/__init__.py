"""Markdown as staff type it, rendered to safe HTML once, when an item is saved."""
