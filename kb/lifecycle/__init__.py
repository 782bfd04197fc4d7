"""The life of an item: the table of transitions, the verbs that follow this table, and the stages of a challenge."""
