"""Owns who buys: people, how to reach them, where they live, their tax numbers. Knows no orders."""
