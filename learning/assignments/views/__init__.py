"""The pages for assigning paths, and for deciding on successor proposals."""
