"""Forms of learning: one module a screen."""
