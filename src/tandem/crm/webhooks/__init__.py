"""Owns the addresses that a company has its events sent to, and what became of each sending.

Knows no event's meaning: it forwards what was told, signed, in order for each address.
"""
