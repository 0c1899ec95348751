"""All of inventory's SQL."""
