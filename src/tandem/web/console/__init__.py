"""The console: the staff's pages. One module per area; lists share one framework."""
