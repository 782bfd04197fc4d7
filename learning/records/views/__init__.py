"""Pages of courses, records and the transcript."""
