"""Markdown as staff type it. It is rendered to safe HTML once, when an item is saved.

`extension` puts the parts of python-markdown and our own parts together. Each of our own syntax rules is one class with
its reason (in `lines`, `blocks`, `inline`, `tree`, `footnotes`). `conversion` turns one text into safe HTML.
`sanitizer` defines what may remain in the HTML. `rendering` renders fields and rows within a time limit.
docs/reference/markdown.md lists every rule with its test.
"""
