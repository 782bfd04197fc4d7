"""Review: the reviewer's list, and the decision on one item."""
