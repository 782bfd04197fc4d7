"""What runs once a day: personnel changes, leave, rules and mail."""
