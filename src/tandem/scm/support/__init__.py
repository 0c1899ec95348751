"""Owns complaints: what was said about them, their files, clocks, queues and states.

Knows an order, parcel, invoice and customer by id and number only; knows no stock and no money.
"""
