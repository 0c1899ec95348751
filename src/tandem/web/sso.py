"""Signing in through one's company, and setting that up."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.sso import Domain, ProviderWrong
from tandem.crm.identity.service import domains, policy, sso
from tandem.crm.identity.sessions import HALF, SIGN_IN_LIMIT, half_cookie, held_cookie, visitor_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal, Unavailable
from tandem.kernel.http import PUBLIC, Acting, Given, Now, Store, Transaction, limited
from tandem.kernel.names import Names
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.rendering import page, redirect
from tandem.web.signing_in import DOOR, HOME, clean, inside, let_in, onward

AnyRequest = Request[Any, Any, Any]
SETTINGS = "/settings/sign-in"
OPEN = {**PUBLIC, **limited(SIGN_IN_LIMIT)}
"""Coming back from the provider is a navigation from another site; the state ties it to us."""


class SingleSignOn(Controller):
    include_in_schema = False

    @get("/sign-in/company", opt=PUBLIC)
    async def ask(self, request: AnyRequest, next: FromQuery[str] = HOME) -> Response[Any]:  # noqa: A002
        return page(request, "door/company.html", next=inside(next), email="", refusal=None)

    @post("/sign-in/company", opt=DOOR, status_code=200)
    async def find(self, request: AnyRequest, database: Store) -> Response[Any]:
        form = await request.form()
        email, to = str(form.get("email", "")), inside(str(form.get("next", HOME)))
        provider_id = await sso.find_door(database, email=clean(email))
        if provider_id is None:
            refusal = Invalid("No company's sign-in is known for this address.", field="email")
            return page(
                request, "door/company.html", status=422, next=to, email=email, refusal=refusal
            )
        return onward(request, f"/sso/{provider_id}?next={quote(to)}")

    @get("/sso/{provider_id:uuid}", opt=OPEN)
    async def leave(
        self,
        request: AnyRequest,
        provider_id: FromPath[UUID],
        database: Store,
        resources: Given,
        now: Now,
        next: FromQuery[str] = HOME,  # noqa: A002
        again: FromQuery[bool] = False,
    ) -> Response[None]:
        """`again`: the provider looks anew who it is, before a sensitive act."""
        left = await _left(
            request, provider_id, database, resources, now, to=inside(next), is_fresh=again
        )
        answer = redirect(request, left.to)
        answer.cookies.append(half_cookie(request, left.token))
        return answer

    @get(sso.CALLBACK, opt=OPEN)
    async def come_back(
        self,
        request: AnyRequest,
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        visitor = visitor_of(request)
        told = {name: str(value)[:4000] for name, value in request.query_params.items()}
        try:
            opened, pending = await sso.come_back(
                database,
                resources.get(sso.OpenIdGateway),
                token=held_cookie(request, HALF),
                state=told.get("state", ""),
                code=told.get("code", ""),
                issuer=told.get("iss"),
                error=told.get("error"),
                base_url=request.app.state.settings.base_url,
                visitor=visitor,
                now=now,
            )
        except Refusal as refusal:
            status = 401 if refusal.status == 401 else 502
            return page(
                request, "door/company.html", status=status, next=HOME, email="", refusal=refusal
            )
        if opened is None:
            return redirect(request, SETTINGS, toast="It works: the provider knows you.")
        return let_in(request, opened, visitor, inside(pending.next))


class SignInSettings(Controller):
    path = SETTINGS
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _settings(request, tx)

    @post()
    async def save(
        self, request: AnyRequest, actor: Acting, database: Store, resources: Given, now: Now
    ) -> Response[Any]:
        """The provider is asked who it is before a transaction is open."""
        form = await read_form(request)
        actor.require("identity.settings")
        actor.require_fresh(now)
        try:
            claimed, expects = _domains(form.get("domains", "")), _expected(form)
            for name in ("name", "issuer", "client_id", "client_secret"):
                if not form.get(name):
                    raise Invalid("This is needed.", field=name)
            metadata = await resources.get(sso.OpenIdGateway).discover(form["issuer"][:500])
            async with database.transaction(actor) as tx:
                await sso.save_provider(
                    tx,
                    metadata,
                    name=form["name"][:60],
                    client_id=form["client_id"][:200],
                    client_secret=form["client_secret"][:500],
                    domains=claimed,
                    expects=expects,
                    now=now,
                )
        except (Invalid, ProviderWrong) as refusal:
            async with database.transaction(actor) as tx:
                problem = problem_of(refusal, {**form, "client_secret": ""}, form="provider")
                return await _settings(request, tx, problem, refusal.status)
        return redirect(request, SETTINGS, toast="Saved. Test it before you enforce it.")

    @post("/test", status_code=200)
    async def test(
        self, request: AnyRequest, actor: Acting, database: Store, resources: Given, now: Now
    ) -> Response[Any]:
        actor.require("identity.settings")
        async with database.transaction(actor) as tx:
            provider = await sso.find_provider(tx)
        if provider is None:
            return redirect(request, SETTINGS)
        try:
            left = await _left(
                request, provider.id, database, resources, now, to=SETTINGS, is_test=True
            )
        except ProviderWrong as refusal:
            async with database.transaction(actor) as tx:
                problem = problem_of(refusal, {}, form="test")
                return await _settings(request, tx, problem, 422)
        answer = onward(request, left.to)
        answer.cookies.append(half_cookie(request, left.token))
        return answer

    @post("/domain-checks")
    async def check_domains(
        self, request: AnyRequest, actor: Acting, database: Store, resources: Given, now: Now
    ) -> Response[Any]:
        try:
            await domains.check(database, resources.get(Names), actor, now=now)
        except (sso.DomainTaken, Unavailable) as refusal:
            async with database.transaction(actor) as tx:
                problem = problem_of(refusal, {}, form="domains")
                return await _settings(request, tx, problem, refusal.status)
        return redirect(request, SETTINGS, toast="The records of your domains were looked at.")

    @post("/enforcement")
    async def enforce(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        spare = form.get("spare_user_id", "")
        try:
            await sso.enforce(
                tx,
                is_enforced=form.get("is_enforced") == "true",
                spare_user_id=msgspec.convert(spare, UUID) if spare else None,
                now=now,
            )
        except msgspec.ValidationError:
            problem = Problem(detail="Choose somebody.", field="spare_user_id", form="enforce")
            return await _settings(request, tx, problem, 422)
        except (Invalid, sso.NotTested, sso.DomainNotProved) as refusal:
            problem = problem_of(refusal, form, form="enforce")
            return await _settings(request, tx, problem, refusal.status)
        return redirect(request, SETTINGS, toast="How people come in is saved.")

    @post("/policy")
    async def save_policy(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        is_required = form.get("requires_second_factor") == "true"
        await policy.require_second_factor(tx, is_required=is_required, now=now)
        request.app.state.authenticator.forget_request(request)
        return redirect(request, SETTINGS, toast="What is asked of people is saved.")

    @post("/removal")
    async def remove(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        await sso.remove_provider(tx, now=now)
        return redirect(request, SETTINGS, toast="People sign in with what is their own again.")


def _domains(typed: str) -> list[str]:
    names = typed.lower().replace(",", " ").split()
    try:
        found = msgspec.convert(names[: sso.DOMAINS_MAX], list[Domain])
    except msgspec.ValidationError as reason:
        raise Invalid("A domain looks like example.in.", field="domains") from reason
    if not found:
        raise Invalid("Name the domain of your people's addresses.", field="domains")
    return found


def _expected(form: dict[str, str]) -> sso.Expected:
    hours = form.get("seen_within_hours", "").strip()
    told = {
        "strong_acrs": form.get("strong_acrs", "").replace(",", " ").split(),
        "seen_within_hours": hours or None,
        "assumes_two_factors": form.get("assumes_two_factors") == "true",
    }
    try:
        return msgspec.convert(told, sso.Expected, strict=False)
    except msgspec.ValidationError as reason:
        if "strong_acrs" in str(reason):
            said, field = (
                f"{sso.ACRS_MAX} classes at most, as the provider says them.",
                "strong_acrs",
            )
        else:
            said, field = f"Hours, from 1 to {sso.HOURS_MAX}.", "seen_within_hours"
        raise Invalid(said, field=field) from reason


async def _left(
    request: AnyRequest,
    provider_id: UUID,
    database: Any,
    resources: Any,
    now: Any,
    *,
    to: str,
    is_test: bool = False,
    is_fresh: bool = False,
) -> sso.Leaving:
    return await sso.leave(
        database,
        resources.get(sso.OpenIdGateway),
        provider_id,
        base_url=request.app.state.settings.base_url,
        to=to,
        now=now,
        is_test=is_test,
        is_fresh=is_fresh,
    )


async def _settings(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    provider = await sso.find_provider(tx)
    people = await identity.list_users(tx) if tx.actor.may("identity.read") else []
    return page(
        request,
        "console/settings/sign_in.html",
        status=status,
        provider=provider,
        back=f"{request.app.state.settings.base_url}{sso.CALLBACK}",
        requires_factor=await policy.requires_second_factor(tx),
        people=[(str(one.id), f"{one.name} ({one.email})") for one in people if one.is_active],
        problem=problem,
    )
