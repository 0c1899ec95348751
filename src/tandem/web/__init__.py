"""The four web surfaces: console, tracking, pay and the driver's page.

Server-rendered pages over the flows and services; routes here read forms and choose templates, and
hold no business rule. Progressive: everything that matters works without JavaScript where it can.
"""
