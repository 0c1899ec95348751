"""Sales: leads; pipelines and their stages, opportunities on the way through them, what they are
made of, quotes in their versions, quotas, and what all of it promises.

It knows customers by id and name only, and of an order its id, number and status: what is won
becomes an order in a flow.
"""
