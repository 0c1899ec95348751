"""Settings of sending: who carries e-mails, texts and chats, how each one does, and what a new one
needs to know. Asking a provider runs with no transaction open."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.notifications.domain.providers import (
    CHANNEL_OF,
    PARTS,
    TITLES,
    Kind,
    NewProvider,
    Provider,
    ProviderChange,
)
from tandem.crm.notifications.service import mailboxes, providers
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Acting, Given, Now, Store, Transaction
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PATH = "/settings/sending"
CHANNELS = (("email", "E-mail"), ("sms", "Texts"), ("whatsapp", "WhatsApp"))
WORDS = {"name": "Call it something, 80 characters at most."}
REPORTS = {
    Kind.SES: "Subscribe this address (HTTPS) to the SNS topic of your configuration set.",
    Kind.SENDGRID: "Mail settings, Event webhook: this address, signed. Copy its verification key.",
    Kind.MAILGUN: "Webhooks: add this address for all events. Copy the signing key.",
    Kind.POSTMARK: "Webhooks of the stream: this address, with its name and password.",
    Kind.TWILIO: "Nothing to set: every text tells Twilio where to report.",
    Kind.MSG91: "Webhooks: this address for delivery reports. Whoever knows it can report.",
    Kind.WHATSAPP: "Webhooks of the app: this address, field messages. Verify token:",
    Kind.SMTP: "Have the bounce mailbox post each mail here as it came (message/rfc822).",
}
assert REPORTS.keys() == set(Kind), "every kind says how its reports come"


class SendingPage(Controller):
    path = PATH
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        found = await providers.list_providers(tx)
        return page(
            request,
            "console/settings/sending.html",
            channels=[
                (key, name, [one for one in found if one.channel == key]) for key, name in CHANNELS
            ],
            health={one.id: one.health(now) for one in found},
        )

    @get("/new")
    async def ask(
        self, request: AnyRequest, tx: Transaction, resources: Given, kind: FromQuery[str] = ""
    ) -> Response[Any]:
        tx.actor.require("notifications.configure")
        chosen = Kind(kind) if kind in set(Kind) else None
        return _new(request, resources, chosen, NO_PROBLEM, 200)

    @post("/new")
    async def add(
        self, request: AnyRequest, tx: Transaction, resources: Given, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        kind = Kind(form["kind"]) if form.get("kind") in set(Kind) else None
        try:
            new = convert({**_common(form), **_values(form, kind)}, NewProvider, WORDS)
            new = msgspec.structs.replace(new, is_stand_in=form.get("is_stand_in") == "true")
            made = await providers.add_provider(tx, resources, new, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, _without_secrets(form, kind))
            return _new(request, resources, kind, problem, refusal.status)
        return redirect(request, f"{PATH}/{made.id}", toast="Saved. Test it now.")

    @get("/{provider_id:uuid}")
    async def one(
        self, request: AnyRequest, provider_id: FromPath[UUID], tx: Transaction, resources: Given
    ) -> Response[Any]:
        return await _one(request, tx, resources, provider_id, NO_PROBLEM, 200)

    @post("/{provider_id:uuid}")
    async def change(
        self,
        request: AnyRequest,
        provider_id: FromPath[UUID],
        tx: Transaction,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        before = await providers.get_provider(tx, provider_id)
        try:
            values = _values(form, before.kind)
            values.pop("kind")
            change = convert({**_common(form), **values}, ProviderChange, WORDS)
            await providers.change_provider(tx, resources, provider_id, change, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, _without_secrets(form, before.kind))
            return await _one(request, tx, resources, provider_id, problem, refusal.status)
        return redirect(request, f"{PATH}/{provider_id}", toast="Saved. It begins anew.")

    @post("/{provider_id:uuid}/test")
    async def test(
        self,
        request: AnyRequest,
        provider_id: FromPath[UUID],
        actor: Acting,
        database: Store,
        resources: Given,
    ) -> Response[Any]:
        work = await _work(actor, database, resources, provider_id)
        said = await providers.test_provider(work, provider_id)
        toast = f"It does not answer as it should: {said[:200]}" if said else "It answers."
        return redirect(request, f"{PATH}/{provider_id}", toast=toast)

    @post("/{provider_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, provider_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        await providers.remove_provider(tx, provider_id, now=now)
        return redirect(request, PATH, toast="Nothing leaves by it any more.")


def _common(form: dict[str, str]) -> dict[str, Any]:
    return {
        "name": form.get("name", ""),
        "rank": whole_of(form.get("rank", "1"), field="rank", least=1, most=100),
        "weight": whole_of(form.get("weight", "1"), field="weight", least=1, most=100),
        "is_active": form.get("is_active") == "true",
    }


def _values(form: dict[str, str], kind: Kind | None) -> dict[str, Any]:
    """What the kind needs, empty fields left out."""
    names = [part.name for part in PARTS[kind]] if kind else []
    return {
        "kind": kind or "",
        "values": {name: form[name] for name in names if form.get(name)},
    }


def _without_secrets(form: dict[str, str], kind: Kind | None) -> dict[str, str]:
    hidden = {part.name for part in PARTS[kind] if part.is_secret} if kind else set()
    return {name: value for name, value in form.items() if name not in hidden}


def _new(
    request: AnyRequest, resources: Resources, kind: Kind | None, problem: Problem, status: int
) -> Response[Any]:
    return page(
        request,
        "console/settings/sending_new.html",
        status=status,
        kinds=[(one.value, TITLES[one], CHANNEL_OF[one]) for one in Kind],
        channels=CHANNELS,
        kind=kind,
        title=TITLES[kind] if kind else "",
        parts=PARTS[kind] if kind else (),
        has_stand_ins=providers.has_stand_ins(resources),
        problem=problem,
    )


async def _one(
    request: AnyRequest,
    tx: Tx,
    resources: Resources,
    provider_id: UUID,
    problem: Problem,
    status: int,
) -> Response[Any]:
    provider = await providers.get_provider(tx, provider_id)
    may = tx.actor.may("notifications.configure")
    secret = await providers.read_callback_secret(tx, provider_id) if may else ""
    return page(
        request,
        "console/settings/sending_provider.html",
        status=status,
        provider=provider,
        health=provider.health(tx.started_at),
        mailbox=await mailboxes.find_mailbox(tx, provider_id),
        parts=PARTS[provider.kind],
        values=problem.values or _shown(provider),
        callback=await providers.callback_of(tx, resources, provider_id) if may else "",
        verify_token=secret if provider.kind is Kind.WHATSAPP else "",
        reports=REPORTS[provider.kind],
        problem=problem,
    )


def _shown(provider: Provider) -> dict[str, str]:
    common = {"rank": str(provider.rank), "weight": str(provider.weight)}
    active = {"is_active": "true"} if provider.is_active else {}
    return {**provider.config, **common, **active, "name": provider.name}


async def _work(actor: Actor, database: Database, resources: Resources, provider_id: UUID) -> Work:
    actor.require("notifications.configure")
    async with database.transaction(actor) as tx:
        await providers.get_provider(tx, provider_id)
    return Work(database, resources, actor.org_id)
