"""All of delivery's SQL, by subject."""
