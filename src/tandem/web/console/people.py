"""Settings: people. Invited, given roles and a place among teams, asked why they may or may not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import MemberChange, User
from tandem.crm.identity.domain.trees import Node
from tandem.crm.identity.service.mailed import start_reset
from tandem.flows import authorise
from tandem.flows.invite import invite
from tandem.flows.resolve import resolve
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of
from tandem.web.console.permissions import known_permissions
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PEOPLE = "/settings/people"
PLACES = {
    "accounts": "account",
    "complaints": "complaint",
    "customers": "customer",
    "deals": "opportunity",
    "leads": "lead",
    "quotes": "quote",
}
"""Where in the console a record stands that answers to no number here."""


class PeoplePage(Controller):
    path = PEOPLE
    include_in_schema = False

    @get()
    async def people(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _people(request, tx, now)

    @post()
    async def add_person(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """With a first password, for where no mail goes."""
        form = await request.form()
        values = {name: str(form.get(name, "")).strip() for name in ("email", "name", "role_key")}
        try:
            _check_address(values["email"])
            if not 1 <= len(values["name"]) <= 100:
                raise Invalid("Give the person's name.", field="name")
            added = await identity.add_user(
                tx, **values, password=str(form.get("password", ""))[:257], now=now
            )
        except Refusal as refusal:
            problem = problem_of(refusal, values, form="person")
            return await _people(request, tx, now, problem, refusal.status)
        return redirect(request, f"{PEOPLE}/{added.id}", toast=f"{added.name} can sign in.")

    @post("/invitations")
    async def invite_person(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await request.form()
        values = {name: str(form.get(name, "")).strip() for name in ("email", "name")}
        try:
            _check_address(values["email"])
            sent = await invite(
                tx,
                email=values["email"],
                name=values["name"][:100],
                role_keys=_chosen(form, "role_keys", "Choose at least one role."),
                team_ids=_ids(form, "team_ids"),
                now=now,
            )
        except Refusal as refusal:
            problem = problem_of(refusal, values, form="invitation")
            return await _people(request, tx, now, problem, refusal.status)
        return redirect(request, PEOPLE, toast=f"The invitation to {sent.email} is on its way.")

    @post("/invitations/{invitation_id:uuid}/revocation")
    async def revoke_invitation(
        self, request: AnyRequest, invitation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await identity.revoke_invitation(tx, invitation_id, now=now)
        return redirect(request, PEOPLE, toast="The invitation is taken back.")


class PersonPage(Controller):
    path = f"{PEOPLE}/{{user_id:uuid}}"
    include_in_schema = False

    @get()
    async def person(
        self, request: AnyRequest, user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _person(request, tx, user_id, now)

    @post()
    async def change(
        self, request: AnyRequest, user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await request.form()
        values = {name: str(form.get(name, "")).strip() for name in ("name", "manager_id")}
        try:
            if not 1 <= len(values["name"]) <= 100:
                raise Invalid("Give the person's name.", field="name")
            change = MemberChange(
                name=values["name"],
                role_keys=_chosen(form, "role_keys", "Choose at least one role."),
                manager_id=parse_id(values["manager_id"]),
                is_active=str(form.get("is_active", "")) == "true",
            )
            changed = await identity.change_member(tx, user_id, change, now=now)
            await _place(tx, identity.TEAMS, user_id, _ids(form, "team_ids"), now)
            await _place(tx, identity.TERRITORIES, user_id, _ids(form, "territory_ids"), now)
        except Refusal as refusal:
            problem = problem_of(refusal, values, form="member")
            return await _person(request, tx, user_id, now, problem, refusal.status)
        return redirect(
            request, f"{PEOPLE}/{user_id}", toast=f"{changed.name} is saved. It works at once."
        )

    @post("/reset")
    async def start_reset(
        self, request: AnyRequest, user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await start_reset(tx, user_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {})
            return await _person(request, tx, user_id, now, problem, refusal.status)
        return redirect(
            request, f"{PEOPLE}/{user_id}", toast="A link to a new password is on its way to them."
        )

    @post("/removal")
    async def remove(
        self, request: AnyRequest, user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await identity.remove_member(tx, user_id, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, {}, form="removal")
            return await _person(request, tx, user_id, now, problem, refusal.status)
        return redirect(request, PEOPLE, toast="They are no member any more.")


def _check_address(email: str) -> None:
    if "@" not in email or not 3 <= len(email) <= 254:
        raise Invalid("Give an e-mail address.", field="email")


def _chosen(form: Any, name: str, otherwise: str) -> list[str]:
    found = [str(value) for value in form.getall(name, [])][:20]
    if not found:
        raise Invalid(otherwise, field=name)
    return found


def _ids(form: Any, name: str) -> list[UUID]:
    found = (parse_id(str(value)) for value in form.getall(name, [])[:50])
    return [one for one in found if one is not None]


async def _place(tx: Tx, tree: Any, user_id: UUID, wanted: Sequence[UUID], now: datetime) -> None:
    for node in await identity.list_nodes(tx, tree):
        is_member = user_id in node.members
        if node.id in wanted and not is_member:
            await identity.join_node(tx, tree, node.id, user_id, now=now)
        elif node.id not in wanted and is_member:
            await identity.leave_node(tx, tree, node.id, user_id, now=now)


async def _people(
    request: AnyRequest,
    tx: Tx,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    roles = await identity.list_roles(tx)
    teams = await identity.list_nodes(tx, identity.TEAMS)
    return page(
        request,
        "console/settings/people.html",
        status=status,
        people=await identity.list_users(tx),
        roles=roles,
        role_names={role.key: role.name for role in roles},
        role_options=[(role.key, role.name) for role in roles],
        teams=teams,
        invitations=[one for one in await identity.list_invitations(tx) if one.is_open(now)],
        problem=problem,
    )


async def _person(
    request: AnyRequest,
    tx: Tx,
    user_id: UUID,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    member = await identity.get_user(tx, user_id)
    teams = await identity.list_nodes(tx, identity.TEAMS)
    lands = await identity.list_nodes(tx, identity.TERRITORIES)
    asked = {name: request.query_params.get(name, "").strip() for name in ("permission", "record")}
    return page(
        request,
        "console/settings/person.html",
        status=status,
        member=member,
        people=await identity.list_users(tx),
        roles=await identity.list_roles(tx),
        teams=teams,
        lands=lands,
        in_teams=_places(teams, member),
        in_lands=_places(lands, member),
        permissions=known_permissions(),
        asked=asked,
        **await _why(tx, member, asked, now),
        problem=problem,
    )


def _places(nodes: Sequence[Node], member: User) -> set[UUID]:
    return {node.id for node in nodes if member.id in node.members}


async def _why(tx: Tx, member: User, asked: dict[str, str], now: datetime) -> dict[str, Any]:
    """The answer of the panel, or what is wrong with the question."""
    permission = asked["permission"]
    if permission not in known_permissions():
        return {"told": None, "not_told": ""}
    try:
        of = await _named(tx, asked["record"]) if asked["record"] else None
        told = await authorise.explain(tx, permission, of, user_id=member.id, now=now)
    except Refusal as refusal:
        return {"told": None, "not_told": refusal.detail}
    return {"told": told, "not_told": ""}


async def _named(tx: Tx, text: str) -> authorise.Object:
    """A record by whatever stands on it, or by the address of its page."""
    place, _, last = text.split("?")[0].rstrip("/").rpartition("/")
    record_id = parse_id(last)
    kind = PLACES.get(place.rpartition("/")[2], "customer" if not place else "")
    try:
        found = await resolve(tx, last if record_id else text)
    except NotFound:
        if record_id and kind:
            return authorise.Object(kind=kind, id=record_id)
        raise
    if found.kind not in authorise.KINDS:
        raise NotFound("Records of this kind have no owner.")
    return authorise.Object(kind=found.kind, id=found.id)
