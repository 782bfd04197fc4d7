"""Imports training data from spreadsheets, and exports it as spreadsheets."""
