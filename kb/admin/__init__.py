"""The Wagtail admin for the knowledge office and the training office: groups, addresses, menu, lists and reports."""
