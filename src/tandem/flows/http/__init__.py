"""Routes whose work needs more than one service."""
