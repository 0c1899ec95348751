"""Complaints: what is said, who may, and how long it may take."""
