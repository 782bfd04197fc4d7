"""The types of item, and what every item has: states, public ids, authors, queries."""
