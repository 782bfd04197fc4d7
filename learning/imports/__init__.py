"""Training data from spreadsheets, and back into them."""
