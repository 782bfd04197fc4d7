"""Pages of the learner: my learning, one assignment, the calendar."""
