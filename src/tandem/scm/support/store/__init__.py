"""Support's tables."""
