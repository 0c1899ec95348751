"""All of identity's SQL, a file for each of its tables."""
