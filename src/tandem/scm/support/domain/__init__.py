"""Complaints, their clocks and their rules. Pure: no clock, no I/O."""

from collections.abc import Mapping

PERMISSIONS: Mapping[str, str] = {
    "support.read": "See complaints, their messages, files and clocks.",
    "support.write": "Open complaints, answer, attach files, move them on.",
    "support.assign": "Give complaints to people and queues.",
    "support.configure": "Change categories, queues, service times, rules and saved replies.",
    "support.connect": "Connect Jira, map fields, and retry what it refused.",
}
