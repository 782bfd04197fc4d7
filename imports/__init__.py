"""The one frame of every import: uploads, background jobs, readers, reports and writers of tables. Knows no content."""
