"""Owns what can be sold: products, their variants and prices. Knows no stock and no order."""
