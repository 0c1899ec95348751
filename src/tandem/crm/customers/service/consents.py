"""Consent: given, withdrawn, confirmed; addresses suppressed; and whether one may be written to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tandem.contracts.customers import (
    AddressReleased,
    AddressSuppressed,
    ConsentAsked,
    ConsentChanged,
)
from tandem.crm.customers.domain import normal_email, normal_phone
from tandem.crm.customers.domain.consents import (
    Consent,
    ConsentAnswered,
    ConsentAsk,
    ConsentEvent,
    ConsentRequest,
    MayContact,
    NewConsent,
    NewSuppression,
    Standing,
    Suppression,
    address_hash,
    judge,
)
from tandem.crm.customers.domain.timeline import NewActivity
from tandem.crm.customers.service.people import get_customer, lock_customer
from tandem.crm.customers.store import consents as store
from tandem.crm.customers.store import timeline
from tandem.kernel import audit, tokens
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id

LINK_KIND = "consent"
ANSWERED_WITHIN = timedelta(days=14)
ASKED_MAX = 1000


async def record_consent(
    tx: Tx, customer_id: UUID, new: NewConsent, *, now: datetime, ip: str = ""
) -> list[Consent]:
    """Write what somebody agreed to or withdrew; the answer is what stands now."""
    await lock_customer(tx, customer_id)
    state = "granted" if new.is_granted else "withdrawn"
    await store.write(
        tx,
        customer_id,
        purpose=new.purpose,
        channel=new.channel,
        action="grant" if new.is_granted else "withdraw",
        state=state,
        notice_version=new.notice_version,
        locale=new.locale,
        source=new.source,
        ip=ip,
        evidence=new.evidence,
        occurred_at=now,
    )
    await _tell(tx, customer_id, new.purpose, new.channel, state, now)
    return await store.current(tx, customer_id)


async def ask_consent(tx: Tx, customer_id: UUID, ask: ConsentAsk, *, now: datetime) -> str:
    """Begin a double opt-in: the token of the link under which the person says yes. What they have
    agreed to already stands meanwhile."""
    await lock_customer(tx, customer_id)
    standing = {
        (one.purpose, one.channel): one.state for one in await store.current(tx, customer_id)
    }
    is_granted = standing.get((ask.purpose, ask.channel)) == "granted"
    request = ConsentRequest(
        id=new_id(),
        customer_id=customer_id,
        purpose=ask.purpose,
        channel=ask.channel,
        notice_version=ask.notice_version,
        created_at=now,
        confirmed_at=None,
    )
    await store.add_request(tx, request)
    await store.write(
        tx,
        customer_id,
        purpose=ask.purpose,
        channel=ask.channel,
        action="ask",
        state="granted" if is_granted else "pending",
        notice_version=ask.notice_version,
        source="double opt-in",
        occurred_at=now,
    )
    (token,) = await tokens.issue(
        tx, kind=LINK_KIND, entity_ids=[request.id], expires_at=now + ANSWERED_WITHIN
    )
    await tx.publish(ConsentAsked(customer_id=customer_id, request_id=request.id))
    return token


async def get_request(tx: Tx, request_id: UUID) -> ConsentRequest:
    found = await store.get_request(tx, request_id)
    if found is None:
        raise NotFound("There is no such request.")
    return found


async def confirm_consent(tx: Tx, request_id: UUID, *, now: datetime, ip: str = "") -> Consent:
    """The person's own yes, under the link that only they were sent. Saying it again is fine.

    Raises ConsentAnswered once they have withdrawn since: an old link is no new consent.
    """
    request = await store.lock_request(tx, request_id)
    if request is None:
        raise NotFound("There is no such request.")
    standing = {
        (one.purpose, one.channel): one for one in await store.current(tx, request.customer_id)
    }
    current = standing.get((request.purpose, request.channel))
    if request.confirmed_at is not None and current and current.state == "granted":
        return current
    is_open = current is not None and current.state in ("pending", "granted")
    if request.confirmed_at is not None or not is_open:
        raise ConsentAnswered("This was answered already. Ask for a new link to change it.")
    await store.confirm_request(tx, request_id, now)
    await store.write(
        tx,
        request.customer_id,
        purpose=request.purpose,
        channel=request.channel,
        action="grant",
        state="granted",
        notice_version=request.notice_version,
        source="double opt-in",
        ip=ip,
        occurred_at=now,
    )
    await _tell(tx, request.customer_id, request.purpose, request.channel, "granted", now)
    return Consent(
        purpose=request.purpose,
        channel=request.channel,
        state="granted",
        notice_version=request.notice_version,
        since=now,
    )


async def list_consents(tx: Tx, customer_id: UUID) -> list[Consent]:
    await get_customer(tx, customer_id)
    return await store.current(tx, customer_id)


async def list_consent_events(tx: Tx, customer_id: UUID) -> list[ConsentEvent]:
    """The ledger, newest first."""
    await get_customer(tx, customer_id)
    return await store.history(tx, customer_id)


async def suppress(tx: Tx, new: NewSuppression, *, now: datetime) -> None:
    """Nobody writes to this address any more, whoever has it. For bounces, complaints, opt-outs."""
    tx.actor.require("customers.suppress")
    hashed = address_hash(tx.actor.org_id, new.channel, normal_address(new.channel, new.address))
    await store.suppress(
        tx, channel=new.channel, hashed=hashed, reason=new.reason, detail=new.detail, since=now
    )
    await tx.publish(
        AddressSuppressed(channel=new.channel, address_hash=hashed.hex(), reason=new.reason)
    )


async def release(tx: Tx, channel: str, address: str, *, now: datetime) -> None:
    """Take a suppression back, with a line in the audit; an erased or forbidden one never goes."""
    tx.actor.require("customers.suppress")
    hashed = address_hash(tx.actor.org_id, channel, normal_address(channel, address))
    known = await store.find_suppression(tx, channel, hashed)
    if known is None:
        raise NotFound("This address is not suppressed.")
    if not await store.release(tx, channel, hashed):
        raise Forbidden(f"It is suppressed as {known.reason}; that stays.", permission="")
    await audit.write(
        tx,
        action="customers.release_address",
        subject_kind="suppression",
        subject_id=new_id(),
        now=now,
        before={"channel": channel, "reason": known.reason, "address_hash": hashed.hex()},
    )
    await tx.publish(AddressReleased(channel=channel, address_hash=hashed.hex()))


async def find_suppression(tx: Tx, channel: str, address: str) -> Suppression | None:
    tx.actor.require("customers.read")
    hashed = address_hash(tx.actor.org_id, channel, normal_address(channel, address))
    return await store.find_suppression(tx, channel, hashed)


async def may_contact(tx: Tx, asks: Sequence[MayContact]) -> list[Standing]:
    """For each address, in order, in one query: may it be written to, and if not, why.

    Without `customer_id` the consent is that of whoever holds the address. At most 1,000.
    """
    assert len(asks) <= ASKED_MAX, "ask for a thousand at a time"
    addresses = [normal_address(ask.channel, ask.address) for ask in asks]
    org_id = tx.actor.org_id
    found = await store.judged(
        tx,
        channels=[ask.channel for ask in asks],
        addresses=addresses,
        hashes=[
            address_hash(org_id, ask.channel, address)
            for ask, address in zip(asks, addresses, strict=True)
        ],
        purposes=[ask.purpose for ask in asks],
        customer_ids=[ask.customer_id for ask in asks],
    )
    return [
        judge(ask.purpose, one.state, one.suppressed) for ask, one in zip(asks, found, strict=True)
    ]


def normal_address(channel: str, address: str) -> str:
    if channel == "email":
        return normal_email(address, field="address")
    if channel in ("sms", "whatsapp"):
        return normal_phone(address, field="address")
    return address.strip()


async def _tell(
    tx: Tx, customer_id: UUID, purpose: str, channel: str, state: str, now: datetime
) -> None:
    kind = "consent_given" if state == "granted" else "consent_withdrawn"
    await timeline.write(
        tx,
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{new_id()}",
            occurred_at=now,
            customer_id=customer_id,
            actor_label=tx.actor.label,
            facts={"detail": f"{purpose} by {channel}"},
        ),
    )
    await tx.publish(
        ConsentChanged(customer_id=customer_id, purpose=purpose, channel=channel, state=state)
    )
