"""Marketing: campaigns and whom they reach, links and what people did with them, sending domains.

It knows customers by id only and sends nothing itself: flows choose an audience, ask the send
policy and put messages into notifications' ledger, and a recipient's end comes back as an event.
"""
