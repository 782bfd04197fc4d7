"""Knowledge: the items and their types, and how items are written, reviewed, kept and administered."""
