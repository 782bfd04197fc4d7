"""The pages that show items: home, unit, item, its images and its history."""
