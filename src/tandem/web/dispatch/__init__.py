"""Owns the dispatch desk: the live map, the waiting list, runs, playback, drivers and vehicles.

Console pages under `/dispatch`. They read and write through delivery's service only, and hold no
rule of their own: what may be assigned, and to whom, is delivery's to say.
"""
