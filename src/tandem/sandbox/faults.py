"""Faults on demand: what goes wrong next, for whom, and how often. Nothing is broken by itself."""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import msgspec

from tandem.sandbox.store import Store

HTTP_KINDS = frozenset(
    {"timeout_before", "timeout_after", "401", "429", "500", "html_502", "503", "504", "slow"}
)
WEBHOOK_KINDS = frozenset({"duplicate", "reorder", "drop", "bad_signature", "old_secret", "delay"})

DDL = """
create table if not exists fault (
    id      integer primary key,
    target  text not null,
    kind    text not null,
    match   text not null,
    left    integer not null check (left >= 0),
    seconds real
);
"""


class FaultRefused(ValueError):
    """No stand-in would ever act on such a fault."""


class NewFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`match` narrows it to paths that begin so (below the stand-in's prefix) or to one event's
    name; empty means any. `seconds` is the length of a silence, a slow answer or a delay."""

    target: str
    kind: str
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    match: Annotated[str, msgspec.Meta(max_length=200)] = ""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """`left` counts the occasions still to come."""

    id: int
    target: str
    kind: str
    match: str
    left: int
    seconds: float | None


def plain_error(status: int) -> dict[str, Any]:
    return {"error": {"code": status, "message": f"Sandbox fault {status}"}}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A stand-in as faults see it. `error_body` gives its vendor's error JSON for a status;
    `kinds` are faults it takes by itself, beside those of HTTP and webhooks."""

    name: str
    prefix: str | None = None
    kinds: frozenset[str] = frozenset()
    error_body: Callable[[int], Mapping[str, Any]] = plain_error
    has_webhooks: bool = False

    @property
    def known_kinds(self) -> frozenset[str]:
        http = HTTP_KINDS if self.prefix else frozenset()
        return self.kinds | http | (WEBHOOK_KINDS if self.has_webhooks else frozenset())


class Faults:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.targets: dict[str, Target] = {}
        store.create(DDL)

    def declare(self, target: Target) -> None:
        assert target.name not in self.targets, f"{target.name} is declared once"
        self.targets[target.name] = target

    def add(self, new: NewFault) -> Fault:
        """Refuses a target or kind that nothing would take, naming those that would."""
        target = self.targets.get(new.target)
        if target is None:
            raise FaultRefused(f"No such target. Targets: {', '.join(sorted(self.targets))}.")
        if new.kind not in target.known_kinds:
            listed = ", ".join(sorted(target.known_kinds))
            raise FaultRefused(f"{new.target} cannot fail that way. Kinds: {listed}.")
        fault_id = self._store.insert(
            "insert into fault (target, kind, match, left, seconds) values (?, ?, ?, ?, ?)",
            (new.target, new.kind, new.match, new.count, new.seconds),
        )
        return Fault(
            id=fault_id,
            target=new.target,
            kind=new.kind,
            match=new.match,
            left=new.count,
            seconds=new.seconds,
        )

    def take(self, target: str, subject: str, kinds: Collection[str]) -> Fault | None:
        """Use up one occasion of the oldest fault that fits, if any. `subject` is the path below
        the stand-in's prefix (matched by how it begins) or the event's name."""
        if not kinds:
            return None
        with self._store.transaction():
            row = self._store.row(
                f"""select id, target, kind, match, left, seconds from fault
                     where target = ? and kind in ({", ".join("?" * len(kinds))}) and left > 0
                       and substr(?, 1, length(match)) = match
                     order by id limit 1""",
                (target, *kinds, subject),
            )
            if row is None:
                return None
            self._store.run("update fault set left = left - 1 where id = ?", (row["id"],))
        return msgspec.structs.replace(_fault(row), left=row["left"] - 1)

    def list_waiting(self) -> list[Fault]:
        rows = self._store.rows(
            "select id, target, kind, match, left, seconds from fault where left > 0 order by id"
        )
        return [_fault(row) for row in rows]

    def clear(self, fault_id: int | None = None) -> int:
        """Forget one fault, or all; the number forgotten."""
        if fault_id is None:
            return self._store.run("delete from fault")
        return self._store.run("delete from fault where id = ?", (fault_id,))


def _fault(row: sqlite3.Row) -> Fault:
    return Fault(**{name: row[name] for name in Fault.__struct_fields__})
