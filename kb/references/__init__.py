"""Texts that come from elsewhere: their sources, and their import from files of JSON lines."""
