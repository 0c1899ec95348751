"""Numbers, and what they rest on."""
