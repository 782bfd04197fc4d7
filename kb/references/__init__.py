"""Texts from outside the organisation: their sources, and their import from files of JSON lines."""
