"""Settings of mail domains: claimed, proven, and the addresses campaigns leave from."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.mail_keys import MailKey, NewMailKey
from tandem.crm.marketing.domain.senders import NewAddress, NewDomain
from tandem.flows import mail_signing
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HERE = "/settings/mail-domains"
WORDS = {
    "domain": "A domain looks like example.com, in small letters.",
    "dkim_selector": "A selector has small letters, digits and hyphens.",
    "algorithm": "A key is RSA or Ed25519.",
    "local_part": "Small letters, digits and . _ + - only.",
    "name": "Give the name that people see as the sender.",
}


class MailDomainsPage(Controller):
    path = HERE
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await marketing.add_domain(tx, convert(form, NewDomain, WORDS), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="add")
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, HERE, toast=f"{made.domain} waits for its record.")

    @post("/{domain_id:uuid}/check")
    async def check(
        self, request: AnyRequest, domain_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        found = await marketing.ask_check(tx, domain_id, now=now)
        return redirect(request, HERE, toast=f"The records of {found.domain} are looked at.")

    @post("/{domain_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, domain_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await marketing.remove_domain(tx, domain_id, now=now)
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, {}), refusal.status)
        return redirect(request, HERE, toast="The domain is off the list.")

    @post("/{domain_id:uuid}/keys")
    async def add_key(
        self, request: AnyRequest, domain_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            new = convert({"algorithm": form.get("algorithm", "rsa")}, NewMailKey, WORDS)
            made = await mail_signing.add_mail_key(tx, domain_id, new, now=now)
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, {}), refusal.status)
        return redirect(request, HERE, toast=f"The key {made.selector} waits for its record.")

    @post("/keys/{key_id:uuid}/removal")
    async def remove_key(
        self, request: AnyRequest, key_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        gone = await marketing.remove_key(tx, key_id, now=now)
        return redirect(request, HERE, toast=f"The key {gone.selector} is gone.")

    @post("/{domain_id:uuid}/addresses")
    async def add_address(
        self, request: AnyRequest, domain_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            await marketing.add_address(tx, domain_id, convert(form, NewAddress, WORDS), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=str(domain_id))
            return await _page(request, tx, problem, refusal.status)
        return redirect(request, HERE, toast="The address is there to be chosen.")

    @post("/addresses/{address_id:uuid}/removal")
    async def remove_address(
        self, request: AnyRequest, address_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        try:
            await marketing.remove_address(tx, address_id, now=now)
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, {}), refusal.status)
        return redirect(request, HERE, toast="The address is gone.")


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    keys: dict[UUID, list[MailKey]] = {}
    for key in await marketing.list_keys(tx):
        keys.setdefault(key.domain_id, []).append(key)
    return page(
        request,
        "console/settings/mail_domains.html",
        status=status,
        domains=await marketing.list_domains(tx),
        keys=keys,
        problem=problem,
    )
