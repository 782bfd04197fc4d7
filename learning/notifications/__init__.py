"""Mails and reminders: collects, writes and sends them."""
