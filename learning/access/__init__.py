"""Who may do what in this room, and the view decorators that enforce it."""
