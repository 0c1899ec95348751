"""Owns what is counted: facts fed by events, what a number means, and dashboards.

It knows other services by their events alone, and nobody by name: facts hold ids, numbers of
documents and amounts. Whose records somebody sees is the records' own answer (`kernel.reach`).
"""
