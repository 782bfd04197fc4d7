"""The Wagtail admin for the knowledge and the training office: groups, addresses, menu, lists and reports."""
