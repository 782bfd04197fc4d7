"""The organization in Wagtail's admin: choosers, audited views, and accounts."""
