"""All of orders' SQL."""
