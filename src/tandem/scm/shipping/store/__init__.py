"""All of shipping's SQL."""
