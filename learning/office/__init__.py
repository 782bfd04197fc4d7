"""The training office's dashboard: metrics, charts and small-count suppression."""
