"""What counts as the same text."""

import hashlib


def fold(body: str) -> str:
    """Line ends and outer blanks differ between browsers, Jira and us; the words do not."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def sha256_of(body: str) -> str:
    return hashlib.sha256(fold(body).encode()).hexdigest()
