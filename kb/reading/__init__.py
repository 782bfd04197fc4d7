"""The pages on which staff read: home, unit, item, its images and its history."""
