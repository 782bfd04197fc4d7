"""Learning paths: their structure, editing, publication and versions."""
