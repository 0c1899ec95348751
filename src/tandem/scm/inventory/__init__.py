"""Owns what lies on which shelf and what is promised to whom. Knows no prices and no customers."""
