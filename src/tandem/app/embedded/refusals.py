"""Why the database cannot run, in words the person at the terminal can act on."""


class CannotRun(Exception):
    """PostgreSQL cannot be created or started here; the message says what to do."""
