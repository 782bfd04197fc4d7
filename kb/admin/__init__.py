"""The knowledge and training offices in Wagtail's admin: what they see, may do and find there."""
