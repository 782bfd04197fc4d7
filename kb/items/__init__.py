"""One item or many, as readers meet them: permanent ids, authors, visibility, cards, history and pages."""
