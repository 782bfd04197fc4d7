"""Mail and reminders: collecting, writing and sending."""
