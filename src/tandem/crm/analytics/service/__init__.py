"""Analytics' verbs."""
