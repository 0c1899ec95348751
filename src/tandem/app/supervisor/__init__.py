"""`tandem up`: everything of one installation, started, watched and stopped from one terminal.

The supervisor stays resident beside what it starts, so it needs the standard library only. It knows
how to run the parts, not what they do: migrating and seeding happen in a process of their own.
"""
