"""All of invoicing's SQL."""
