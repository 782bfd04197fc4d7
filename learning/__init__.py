"""How it is taught: paths, assignments, progress, training records, rules, reminders and reports."""
