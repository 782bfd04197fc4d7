"""An app with one more type of item, in the test settings alone: exactly the files that docs/conventions.md lists."""
