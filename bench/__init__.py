"""Measures the product (script/bench). No part of the product imports this package."""
