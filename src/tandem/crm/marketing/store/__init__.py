"""All of marketing's SQL."""
