"""The item types, and what all of them share: states, public ids, authors and queries."""
