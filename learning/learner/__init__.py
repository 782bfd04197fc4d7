"""What learners see of their own assignments."""
