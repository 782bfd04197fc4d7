"""The pages on which a challenge moves from one stage to the next."""
