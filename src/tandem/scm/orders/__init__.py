"""Owns what was sold to whom on which terms, and how far it has come. Moves no goods, no money."""
