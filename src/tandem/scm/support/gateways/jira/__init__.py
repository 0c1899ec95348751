"""Jira Cloud and Data Center: our own client, about the thirty calls that we need.

A library was no use: of the two in wide use one sends what REST v3 refuses and neither knows the
document format (docs/adr). Calls answer with values, trouble included.
"""

from tandem.scm.support.gateways.jira.client import JiraClient
from tandem.scm.support.gateways.jira.clients import JiraClients
from tandem.scm.support.gateways.jira.port import (
    Access,
    Jira,
    JiraDoor,
    OwnAddress,
    Tokens,
    Trouble,
    TroubleKind,
)

__all__ = [
    "Access",
    "Jira",
    "JiraClient",
    "JiraClients",
    "JiraDoor",
    "OwnAddress",
    "Tokens",
    "Trouble",
    "TroubleKind",
]
