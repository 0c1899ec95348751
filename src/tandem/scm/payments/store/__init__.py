"""All of payments' SQL, by table."""
