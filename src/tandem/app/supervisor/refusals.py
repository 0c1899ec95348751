"""Why the installation does not start, in words the person at the terminal can act on."""


class CannotStart(Exception):
    """A part did not come up, or a port is taken; the message says what to do."""
