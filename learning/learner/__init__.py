"""The pages on which learners see their own assignments."""
