"""What all imports share: uploads, background jobs, readers of files, reports, and writers of tables.

The room imports no content model. Each kind of import brings its own.
"""
