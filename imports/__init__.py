"""The parts that all imports share: uploads, background jobs, readers of files, reports, and writers of tables.

This room imports no content model. Each kind of import brings its own models.
"""
