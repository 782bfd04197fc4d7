"""Assigning a path to people, and what may change afterwards."""
