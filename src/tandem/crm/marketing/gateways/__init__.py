"""The way out: the domain name system."""
