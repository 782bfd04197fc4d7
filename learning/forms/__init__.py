"""The forms of learning."""
