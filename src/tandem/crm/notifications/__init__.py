"""Owns messages to people: what was said to whom, by which channel, and whether it was handed over.
Knows no order: whoever has something to say gives it the words' parameters.
"""
