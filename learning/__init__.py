"""The learning room: paths, assignments, progress, training records, rules, reminders and reports."""
