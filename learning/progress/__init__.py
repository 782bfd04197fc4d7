"""What counts as done: facts, their recording, confirmation and verification."""
