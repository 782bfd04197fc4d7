"""Assigns paths to people, and changes assignments afterwards."""
