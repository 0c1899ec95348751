"""Owns money received and given back: intents, payments, refunds and their ledger.

Knows an order by its id, number and total; knows no stock, no invoice and no parcel.
"""
