"""An app with one more type of item, only in the test settings. It has exactly the files that docs/conventions.md lists."""
