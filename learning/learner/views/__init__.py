"""Pages of the learner: the catalogue, a path, one assignment, my learning, the calendar."""
