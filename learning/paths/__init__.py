"""The parts of a learning path: its structure, order, readings and problems, and how it is displayed."""
