"""Functions about items that all packages of kb use: lookup by id, authors, permissions, visibility, cards, differences
of revisions.
"""
