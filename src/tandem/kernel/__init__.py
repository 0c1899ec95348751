"""What every service stands on: transactions, actors, refusals, events, jobs, numbers, pages and clocks.

Knows no service and no business rule. Everything here is used by at least two services.
"""
