"""Measures the suite against pgbench on the same PostgreSQL, in one run. `python -m bench`."""
