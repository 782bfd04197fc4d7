"""Launchers of real servers for development and tests, and a client of the demo. Standard library only."""
