"""Review: the list of waiting items, and the decision on one item."""
