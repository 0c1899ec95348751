"""All of sales' SQL, a file for each of its things."""
