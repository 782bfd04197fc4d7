"""The part of Wagtail's admin that belongs to organization: choosers, views that write audit events, and the screen
for accounts."""
