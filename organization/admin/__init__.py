"""The part of Wagtail's admin that belongs to this room: choosers, views that write audit events, and the screen for
accounts."""
