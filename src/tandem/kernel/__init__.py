"""What every service stands on: transactions, actors, refusals, events, jobs, pages, clocks.

Knows no service and no business rule. Everything here is used by at least two services.
"""
