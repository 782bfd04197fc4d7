"""Pages for assigning and for proposals to successors."""
