"""How an item moves from submitted to withdrawn: transitions, review, and the stages of a challenge."""
