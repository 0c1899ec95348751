"""The authorisation matrix: every route of the API and every page, asked by every kind of caller
with every id of a record that is not theirs. What must come out is in `matrix.policy`, by hand.
"""

import time
from datetime import datetime
from typing import Any

import asyncpg
import httpx2 as httpx
import msgspec
from litestar import Litestar

from tandem.kernel.db import Database
from tests.identity.matrix.policy import (
    ANSWERS_FIRST,
    ANYBODY,
    BUYER,
    OF_THE_COMPANY,
    OWN_DRIVER,
    PERSON,
    PUBLIC,
    WHOLE,
)
from tests.identity.matrix.routes import LEDGER, Route, lines_of, operation_of, routes, rule_of
from tests.identity.matrix.world import Caller, World, build

UNSET = "00000000-0000-7000-8000-00000000dead"
STREAMS = ("stream",)
REFUSED_FORMS = {200, 303, 400, 403, 404, 409, 422}
"""A form may come back with the reason on it, or lead back with a note; that nothing changed is
what counts, and what the service behind it answers is asked of the API."""


TABLES = """
    select format('select %L, count(*), coalesce(sum(xmin::text::bigint), 0)
                     from %s where org_id = $1', c.oid::regclass, c.oid::regclass)
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'jobs')
       and not (n.nspname = 'kernel' and c.relname in ('audit', 'audit_head', 'idempotency'))
       and c.relname <> 'api_key'
     order by 1
"""


def test_every_route_has_an_entry_in_the_policy(app: Litestar) -> None:
    missing = [str(route) for route in routes(app) if rule_of(route) is None]
    assert missing == []


def test_every_route_stands_in_the_ledger_by_name_with_what_it_asks(app: Litestar) -> None:
    """A new route in an area that is known already has no rule until somebody wrote it down."""
    written, there = LEDGER.read_text().splitlines(), lines_of(app)
    unsaid, gone = sorted(set(there) - set(written)), sorted(set(written) - set(there))
    assert not unsaid, f"look at each one, then add it to {LEDGER.name}:\n" + "\n".join(unsaid)
    assert not gone, f"no longer so, take it out of {LEDGER.name}:\n" + "\n".join(gone)
    assert written == there


async def test_every_route_answers_every_caller_as_the_policy_says(
    app: Litestar, database: Database, owner_dsn: str, now: datetime
) -> None:
    began, spent = time.monotonic(), time.process_time()
    world = await build(app, database, now)
    built = time.monotonic() - began
    schema = app.openapi_schema.to_schema()
    watch = await Watch.of(owner_dsn, world)
    wrong: list[str] = []
    asked = 0
    for route in sorted(routes(app), key=_place):
        rule = rule_of(route)
        if rule is None:
            continue  # the test above is red for it
        # What is open to everybody is asked by nobody in particular, and with a key that ended.
        callers = world.callers[:2] if rule == PUBLIC else world.callers
        refused = [one for one in callers if not _is_free(one, route, rule)]
        free = [one for one in callers if one not in refused]
        for group in (refused, free):
            for caller in group:
                wrong += await _ask(world, schema, route, rule, caller)
                asked += 1
            if group is refused and group:
                wrong += [f"{route}: {what} changed" for what in await watch.changes()]
        if free and not route.is_read:
            await watch.look()
    await watch.close()
    took, cpu = time.monotonic() - began, time.process_time() - spent
    size = f"{asked} calls of {len(routes(app))} routes"
    print(f"\nmatrix: {size}, {took:.0f} s ({built:.0f} to build, {cpu:.0f} of CPU)")  # noqa: T201
    assert not wrong, f"{len(wrong)} wrong\n" + "\n".join(sorted(wrong))


def _place(route: Route) -> tuple[bool, Route]:
    """What one does to one's own session comes last: some of it ends the session."""
    return _is_own(rule_of(route)) and not route.is_read, route


def _is_own(rule: str | None) -> bool:
    return rule in {ANYBODY, PERSON}


def _is_free(caller: Caller, route: Route, rule: str) -> bool:
    """Whether the call may change something in the company: it is theirs to make."""
    if rule == BUYER:
        return False
    if rule in {PUBLIC, ANYBODY, PERSON}:
        return caller.is_known or rule == PUBLIC
    return caller.is_inside and (_holds(caller.grants, rule) or _holds(caller.scoped, rule))


def _holds(grants: frozenset[str], rule: str) -> bool:
    return any(_has(grants, permission) for permission in rule.removesuffix(WHOLE).split(" or "))


def _is_whole(rule: str) -> bool:
    return rule.endswith(WHOLE)


def _has(grants: frozenset[str], permission: str) -> bool:
    return not grants.isdisjoint({"*", permission, f"{permission.partition('.')[0]}.*"})


async def _ask(
    world: World, schema: dict[str, Any], route: Route, rule: str, caller: Caller
) -> list[str]:
    if route.path.endswith(STREAMS) and (rule == PUBLIC or _may(caller, rule)):
        return []
    answer = await _send(world, schema, route, caller.client)
    wanted = _wanted(route, rule, caller)
    found = []
    if not (answer.status_code in wanted if isinstance(wanted, set) else wanted(answer)):
        found.append(f"{route} [{rule}] {caller.name}: {answer.status_code} {answer.text[:160]!r}")
    is_apart = caller.name in {
        "other company",
        "own scope",
        "other team",
        "nobody",
        "driver",
        "portal",
    }
    if is_apart and rule != PUBLIC and any(one in answer.text for one in world.secrets):
        found.append(f"{route} {caller.name}: tells what is not theirs")
    return found


def _may(caller: Caller, rule: str) -> bool:
    if rule in {PUBLIC, ANYBODY, PERSON}:
        return caller.is_known
    is_scoped = not _is_whole(rule) and _holds(caller.scoped, rule)
    return _holds(caller.grants, rule) or is_scoped


def _wanted(route: Route, rule: str, caller: Caller) -> Any:
    """The statuses that are right, or a test of the answer."""
    is_page = not route.path.startswith("/v1")
    if rule == PUBLIC:
        return lambda answer: answer.status_code < 500
    if rule == BUYER:
        return _wanted_of_buyers(route, caller)
    if not caller.is_known:
        return {401} if not is_page else {303, 401}
    if _is_own(rule):
        gone = {401} if route.is_read else set()
        return lambda answer: answer.status_code < 500 and answer.status_code not in gone
    if not _may(caller, rule):
        if str(route) in ANSWERS_FIRST:
            return {403, 404, 409, 422}
        return {403} if route.is_read or not is_page else REFUSED_FORMS
    is_shared = route.path.startswith(OF_THE_COMPANY)
    foreign = not caller.is_inside or (not _holds(caller.grants, rule) and not is_shared)
    if rule == OWN_DRIVER and caller.name != "driver":
        return {403, 404, 422}
    if foreign and route.names:
        if not route.is_read:
            return REFUSED_FORMS if is_page else _or_said({404}, route)
        return lambda answer: answer.status_code == 404 or _is_empty(answer)
    if foreign and not route.is_read:
        return lambda answer: answer.status_code < 500
    return lambda answer: answer.status_code < 500 and answer.status_code not in {401, 403}


def _wanted_of_buyers(route: Route, caller: Caller) -> set[int]:
    """What is somebody else's is not there for a buyer; nobody else comes in at all."""
    if caller.name != "portal":
        return {401} if caller.is_known else {303, 401}
    return {404} if route.names else {200}


def _or_said(statuses: set[int], route: Route) -> set[int]:
    return statuses | {409, 422} if str(route) in ANSWERS_FIRST else statuses


def _is_empty(answer: httpx.Response) -> bool:
    """A list of what hangs below something that is not there for the caller."""
    if not answer.is_success or "json" not in answer.headers["content-type"]:
        return False
    told = answer.json()
    if not isinstance(told, dict):
        return not told
    lists = [value for value in told.values() if isinstance(value, (list, dict))]
    return bool(lists) and not any(lists)


async def _send(
    world: World, schema: dict[str, Any], route: Route, client: httpx.AsyncClient
) -> httpx.Response:
    known = {name: world.known.get(name, UNSET) for name in route.names}
    if "/stuck-events/" in route.path:
        known["delivery_id"] = "1"
    if route.path.startswith("/v1/territories"):
        known["node_id"] = world.known["territory_id"]
    if "/accounts/{subject_id}" in route.path:
        known["subject_id"] = world.known.get("account_id", UNSET)
    path = route.path.format(**known)
    operation = operation_of(schema, route)
    query = {
        one["name"]: world.known[one["name"]]
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one["name"] in world.known
    } | {
        one["name"]: world.bodies.made(one["schema"])
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one.get("required") and one["name"] not in world.known
    }
    sent = world.bodies.of(operation)
    extra: dict[str, Any] = {}
    if sent and sent[0] == "application/json":
        extra["json"] = sent[1]
    elif sent and "multipart" in sent[0]:
        extra["files"] = {"file": ("x.png", b"\x89PNG\r\n\x1a\n", "image/png")}
        extra["data"] = {key: str(value) for key, value in dict(sent[1]).items() if key != "file"}
    elif sent:
        extra["data"] = sent[1]
    return await client.request(route.method, path, params=query, **extra)


class Watch(msgspec.Struct):
    """Counts and versions of the company's rows in every table, in one statement."""

    connection: Any
    sql: str
    org_id: Any
    seen: dict[str, tuple[int, int]]

    @classmethod
    async def of(cls, dsn: str, world: World) -> "Watch":
        # By itself asyncpg prepares anew, each time, a statement as long as this one.
        connection = await asyncpg.connect(dsn, max_cacheable_statement_size=0)
        parts = [row[0] for row in await connection.fetch(TABLES)]
        watch = cls(connection, " union all ".join(parts), world.company.org_id, {})
        await watch.look()
        return watch

    async def look(self) -> None:
        rows = await self.connection.fetch(self.sql, self.org_id)
        self.seen = {row[0]: (row[1], row[2]) for row in rows}

    async def changes(self) -> list[str]:
        before = self.seen
        await self.look()
        return [name for name, state in self.seen.items() if before[name] != state]

    async def close(self) -> None:
        await self.connection.close()
