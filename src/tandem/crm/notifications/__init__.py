"""Owns messages to people: what was said to whom, by which channel, and whether it was handed over;
what messages say (templates), who wants which of them (preferences), and what staff find under the
bell. Knows no order: whoever has something to say gives it the words' parameters.
"""
