"""The life of an item: the table of transitions, the verbs that follow it, and the stages of a challenge."""
