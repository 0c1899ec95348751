"""Orders and the rules of their three axes. Pure."""
