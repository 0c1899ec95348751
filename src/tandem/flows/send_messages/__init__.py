"""Everything that leaves: taken in hand by lane, decided, worded, handed over, settled.

Codes go before what somebody waits for, and that before what goes to many. Each lane has
connections of its own, so that fifty thousand messages of a campaign never stand before one code.
"""
