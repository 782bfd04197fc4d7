"""The forms of learning. Fields that a form does not declare do not exist: whatever else a request carries is not read."""
