"""What is asked of items everywhere: lookup by id, authors, permissions, visibility, cards, differences of revisions."""
