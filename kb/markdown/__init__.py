"""Markdown as staff type it, rendered to safe HTML once, when an item is saved.

`extension` puts python-markdown's parts and ours together; each of our syntax rules is one class with its reason
(`lines`, `blocks`, `inline`, `tree`, `footnotes`). `conversion` makes one text safe HTML, `sanitizer` holds what may
stay in it, `rendering` renders fields and rows within a time limit. docs/reference/markdown.md lists every rule with
its test.
"""
