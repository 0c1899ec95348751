"""Settings: roles. What each carries, for whose records, and what somebody with it would see."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import FIELDS, SCOPED, Role, joined, split
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of
from tandem.web.console.permissions import by_service, known_permissions
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
ROLES = "/settings/roles"
SHOWN_MAX = 200
SCOPES = (
    ("own", "Their own"),
    ("team", "Their team's"),
    ("subtree", "All below them"),
    ("territory", "Their territory's"),
    ("all", "Everybody's"),
)
SEES = (
    ("customers.read", "Customers"),
    ("orders.read", "Orders"),
    ("invoicing.read", "Invoices"),
    ("payments.read", "Payments"),
    ("shipping.read", "Shipments"),
    ("delivery.read", "Deliveries"),
    ("inventory.read", "Stock"),
    ("catalog.read", "Products"),
    ("support.read", "Complaints"),
    ("notifications.read", "Messages"),
    ("identity.read", "People"),
)


class RolesPage(Controller):
    path = ROLES
    include_in_schema = False

    @get()
    async def roles(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        people = await identity.list_users(tx)
        roles = await identity.list_roles(tx)
        held = {role.key: sum(role.key in person.role_keys for person in people) for role in roles}
        return page(request, "console/settings/roles.html", roles=roles, held=held)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """An empty role, or a copy of one."""
        tx.actor.require("identity.roles")
        source = request.query_params.get("from", "")
        start = Role(key="", name="", grants=[])
        if source:
            copied = await identity.get_role(tx, source)
            name, key = f"{copied.name} (copy)", f"{copied.key}_copy"
            start = msgspec.structs.replace(copied, key=key, name=name, is_ready_made=False)
        return await _role(request, tx, start, now, is_new=True)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await request.form()
        asked = Role(key=str(form.get("key", "")).strip(), **_read(form))
        try:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", asked.key):
                raise Invalid("Small letters, digits and _: night_shift.", field="key")
            _check(asked)
            made = await identity.add_role(tx, asked, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {}, form="role")
            return await _role(request, tx, asked, now, problem, refusal.status, is_new=True)
        return redirect(request, f"{ROLES}/{made.key}", toast=f"The role {made.name} is there.")

    @get("/{role_key:str}")
    async def role(
        self, request: AnyRequest, role_key: FromPath[str], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _role(request, tx, await identity.get_role(tx, role_key), now)

    @post("/{role_key:str}")
    async def change(
        self, request: AnyRequest, role_key: FromPath[str], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await request.form()
        before = await identity.get_role(tx, role_key)
        asked = msgspec.structs.replace(before, **_read(form))
        try:
            if form.get("remove"):
                await identity.remove_role(tx, role_key, now=now)
                return redirect(request, ROLES, toast="The role is removed.")
            _check(asked)
            await identity.change_role(tx, role_key, _read(form), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {}, form="role")
            return await _role(request, tx, asked, now, problem, refusal.status)
        return redirect(
            request, f"{ROLES}/{role_key}", toast=f"{asked.name} is saved. It works at once."
        )


def _read(form: Any) -> dict[str, Any]:
    """Each permission's choice is a field of its name; `everything` stands for `*`."""
    grants = [
        joined(permission, scope)
        for permission in known_permissions()
        if (scope := str(form.get(permission, ""))) in dict(SCOPES)
    ]
    rules: dict[str, list[str]] = {"hidden": [], "read_only": []}
    for field in _fields():
        if (rule := str(form.get(f"field.{field}", ""))) in rules:
            rules[rule].append(field)
    return {
        "name": str(form.get("name", "")).strip(),
        "description": str(form.get("description", "")).strip(),
        "grants": ["*"] if form.get("everything") else grants,
        **rules,
    }


def _check(role: Role) -> None:
    if not 1 <= len(role.name) <= 100:
        raise Invalid("Give the role a name.", field="name")
    if len(role.description) > 300:
        raise Invalid("300 characters at most.", field="description")


def _fields() -> Iterable[str]:
    return (f"{resource}.{name}" for resource, (_, names) in FIELDS.items() for name in names)


async def _role(
    request: AnyRequest,
    tx: Tx,
    role: Role,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
    *,
    is_new: bool = False,
) -> Response[Any]:
    people = await identity.list_users(tx)
    return page(
        request,
        "console/settings/role.html",
        status=status,
        role=role,
        is_new=is_new,
        chosen={permission: _scope_in(role, permission) for permission in known_permissions()},
        services=by_service(),
        scopes=SCOPES,
        scoped=SCOPED,
        fields=list(_fields()),
        holders=[person for person in people if role.key in person.role_keys],
        people=people,
        sees=[(name, _said(role, permission)) for permission, name in SEES],
        **await _seen_by(request, tx, role, now),
        problem=problem,
    )


def _scope_in(role: Role, permission: str) -> str:
    """The widest scope in which the role carries a permission, by whatever name."""
    names = {permission, f"{permission.partition('.')[0]}.*", "*"}
    held = {scope for name, scope in map(split, role.grants) if name in names}
    return next((scope for scope, _ in reversed(SCOPES) if scope in held), "")


def _said(role: Role, permission: str) -> str:
    words: Mapping[str, str] = {"": "None", **dict(SCOPES)}
    return words[_scope_in(role, permission)]


async def _seen_by(request: AnyRequest, tx: Tx, role: Role, now: datetime) -> dict[str, Any]:
    """What one person would see with this role alone: counted, with the first of each."""
    who = parse_id(request.query_params.get("as", ""))
    if who is None or not role.key or not tx.actor.may("identity.read"):
        return {"seen_as": None, "seen": []}
    member = await identity.get_user(tx, who)
    access = await identity.access_of(tx, who, now=now)
    other = await identity.access_if(tx, access, role_keys=[role.key])
    seer = tx.acting(identity.as_actor(tx, who, other))
    seen: list[tuple[str, int, Sequence[str]]] = []
    if seer.actor.may("customers.read") and tx.actor.reach("customers.read").is_all:
        found = await customers.list_customers(seer, limit=SHOWN_MAX)
        seen.append(("Customers", len(found.items), [one.name for one in found.items[:5]]))
    if seer.actor.may("orders.read") and tx.actor.reach("orders.read").is_all:
        listed = await orders.list_orders(seer, Filters(), limit=5)
        count = await orders.count_orders(seer, Filters())
        seen.append(("Orders", count, [one.number for one in listed.items]))
    return {"seen_as": member, "seen": seen}
