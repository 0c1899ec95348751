"""The seam between HTTP and the suite: who asks, one transaction per request, refusals, pages."""

from tandem.kernel.http.access import PUBLIC, limited
from tandem.kernel.http.conditional import IfMatch, check_if_match, etag
from tandem.kernel.http.dependencies import (
    Acting,
    Cursor,
    Given,
    LimitParameter,
    Now,
    Selects,
    Store,
    Transaction,
    dependencies,
)
from tandem.kernel.http.noting import COMPUTES, unaudited
from tandem.kernel.http.problems import refusals
from tandem.kernel.pages import LIMIT_DEFAULT

__all__ = [
    "COMPUTES",
    "LIMIT_DEFAULT",
    "PUBLIC",
    "Acting",
    "Cursor",
    "Given",
    "IfMatch",
    "LimitParameter",
    "Now",
    "Selects",
    "Store",
    "Transaction",
    "check_if_match",
    "dependencies",
    "etag",
    "limited",
    "refusals",
    "unaudited",
]
