"""Patterns of what is taken from outside, in the words that Python and JSON Schema both read."""


def whole(pattern: str) -> str:
    """The text as a whole. `$` alone would take one line break behind it in Python, though not in
    JSON Schema, whose readers know no `\\Z`. `pattern` has no `|` outside of brackets."""
    return rf"^{pattern}(?!\n)$"
