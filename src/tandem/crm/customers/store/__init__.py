"""All of customers' SQL, by what it is about."""
