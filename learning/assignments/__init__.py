"""Assigns paths to people, and changes existing assignments."""
