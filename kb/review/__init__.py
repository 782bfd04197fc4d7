"""Review: the list of waiting items, and the reviewer's decision on one item."""
