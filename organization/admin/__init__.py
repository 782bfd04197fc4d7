"""Organization's part of Wagtail's admin: choosers, audited views, and the screen of accounts."""
