"""Placing orders: prices, tax, promise, stock, customer and number in one transaction.

`placing` does it for a batch, `intake` gathers the batch from concurrent requests, `quoting` says
beforehand what would come out.
"""
