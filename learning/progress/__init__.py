"""Progress of assignments: facts that complete steps, recording, confirmation and verification."""
