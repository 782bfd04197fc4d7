"""The pages that show items: home, unit, item, the images of an item and the history of an item."""
