"""What a learning path is: its structure, order, readings, problems, and how it is displayed."""
