"""Outside programs behind plain functions: the typesetter."""
