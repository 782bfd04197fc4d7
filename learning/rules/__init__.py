"""Assignment rules: editing them, and matching them to people."""
