"""Sales: pipelines and their stages, opportunities on the way through them, and what they promise.

It knows customers by id and name only, and orders not at all: what is won becomes an order in a
flow.
"""
