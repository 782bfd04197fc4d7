"""Pages of a path: catalogue, the path itself, and its editor."""
