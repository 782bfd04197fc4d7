"""What was learned: items and their types, how they are written, reviewed, kept and administered."""
