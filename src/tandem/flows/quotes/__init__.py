"""Quotes where they need other services: the customer, the catalogue, the tax, paper and mail."""
