"""Training courses and the training records of a person."""
