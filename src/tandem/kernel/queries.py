"""SQL statements with named parameters, known to the tests one and all."""

import re
from typing import Any, LiteralString

from tandem.kernel.actor import Actor

_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")
_NUMBER = re.compile(r"\$([0-9]+)")

QUERIES: list["Query"] = []
"""Every statement of the suite; tests PREPARE each one and look for the wall `org_id`."""


class Query:
    """A SQL statement with `:name` parameters. The tests PREPARE every Query on the real schema.

    `beyond_org` says why a statement may not name `org_id` (security-definer look-ups mostly).
    """

    __slots__ = ("beyond_org", "names", "sql")

    def __init__(self, text: LiteralString, *, beyond_org: str | None = None) -> None:
        self.names, self.sql = numbered(text)
        self.beyond_org = beyond_org
        QUERIES.append(self)

    def bind(self, actor: Actor, params: dict[str, Any]) -> list[Any]:
        """Values in order; `:org_id` is always the actor's, no caller can pass another."""
        assert "org_id" not in params, "the organisation comes from the actor"
        known = {**params, "org_id": actor.org_id}
        assert params.keys() <= set(self.names) <= known.keys(), f"{self.names} != {list(params)}"
        return [known[name] for name in self.names]

    def sql_from(self, first: int) -> str:
        """The statement as part of a greater one in which its parameters are `$first` and so on."""
        return _NUMBER.sub(lambda found: f"${int(found[1]) + first - 1}", self.sql)


def numbered(text: str) -> tuple[list[str], str]:
    """The parameters in order, and the text with `$1` for the first of them."""
    names = list(dict.fromkeys(_PARAMETER.findall(text)))
    return names, _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", text)
