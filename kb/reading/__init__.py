"""The pages on which staff read: home, unit, item, the images of an item and the history of an item."""
