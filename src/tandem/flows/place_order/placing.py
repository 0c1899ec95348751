"""Place a batch of one organisation's orders: each service does its part for all of them at once.

Sixty orders cost the same handful of statements as one. What one order is refused for (an unknown
SKU, too little stock) leaves the others alone; anything worse rolls the batch back, and the intake
then tries each order by itself.

Locks are taken in one order everywhere: stock levels, then new customers, then outside references,
then the order counter, which every order of the organisation waits for and so comes last. Whatever
needs none of them is done before the first: many buyers of one SKU wait for each other no longer
than it takes to write the batch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.india import check_address, likely_state
from tandem.contracts.inventory import Hold
from tandem.contracts.invoicing import Cart
from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.shipping import Promise, PromiseAsk
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, CustomerDraft
from tandem.flows.place_order import pricing
from tandem.flows.place_order.basket import NewOrder
from tandem.flows.place_order.contact import Contact, contact_of
from tandem.flows.place_order.pricing import Agreed, Priced
from tandem.kernel import references
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.ids import new_id
from tandem.kernel.references import Reference
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.lifecycle import Status
from tandem.scm.orders.domain.settings import OrderSettings
from tandem.scm.shipping import service as shipping

BATCH_MAX = 64


class CustomerMissing(Invalid):
    code = "customer_missing"


class AddressMissing(Invalid):
    """Nothing says where it goes: neither the order nor the customer's record."""

    code = "address_missing"


class Candidate(msgspec.Struct):
    """An order on its way through the steps; `place` is where it stands in the batch."""

    place: int
    ask: NewOrder
    id: UUID
    priced: Priced
    contact: Contact
    ship_to: Address
    bill_to: Address
    buyer: Customer | None = None
    promise: Promise | None = None
    refusal: Refusal | None = None
    agreed: Agreed | None = None
    order: OrderSnapshot | None = None

    def unpaid_until(self, settings: OrderSettings, now: datetime) -> datetime:
        minutes = self.agreed.unpaid_minutes if self.agreed else settings.unpaid_minutes
        return now + timedelta(minutes=minutes)


async def place_orders(
    tx: Tx, asks: Sequence[NewOrder], *, now: datetime, agreed: Sequence[Agreed | None] = ()
) -> list[OrderSnapshot | Refusal]:
    """One outcome per order, in order. A refused order leaves no trace. `agreed` has what was
    promised for each of them; without it all prices are the catalogue's."""
    outcomes = await place_last(tx, asks, now=now, agreed=agreed)
    await tx.end()
    return outcomes


async def place_last(
    tx: Tx, asks: Sequence[NewOrder], *, now: datetime, agreed: Sequence[Agreed | None] = ()
) -> list[OrderSnapshot | Refusal]:
    """Place orders, but they are written at the transaction's end: nobody reads them before.

    Shelves and the counter are then held for that one statement and the commit.
    """
    tx.actor.require("orders.write")
    assert len(asks) <= BATCH_MAX, "the intake bounds its batches"
    outcomes: list[OrderSnapshot | Refusal | None] = [None] * len(asks)
    candidates = await _price(tx, asks, agreed or [None] * len(asks), outcomes, now)
    if candidates:
        settings = await orders.get_settings(tx)
        candidates = await _promise(tx, candidates, outcomes, now)
    if candidates:
        await _write_up(tx, [one for one in candidates if one.buyer], settings, now)
        candidates = await _reserve(tx, candidates, settings, outcomes, now)
    if candidates:
        strangers = [candidate for candidate in candidates if candidate.buyer is None]
        await _meet(tx, strangers, now)
        await _write_up(tx, strangers, settings, now)
        placed = await _place(tx, candidates, settings, now)
        for candidate, order in zip(candidates, placed, strict=True):
            outcomes[candidate.place] = order
    return [_settled(outcome) for outcome in outcomes]


async def _price(
    tx: Tx,
    asks: Sequence[NewOrder],
    agreed: Sequence[Agreed | None],
    outcomes: list[OrderSnapshot | Refusal | None],
    now: datetime,
) -> list[Candidate]:
    catalogue = await catalog.facts(tx, sorted({line.sku for ask in asks for line in ask.lines}))
    known = await _known(tx, asks, now)
    candidates = []
    for place, (ask, promised) in enumerate(zip(asks, agreed, strict=True)):
        if (ask.customer_id is None) == (ask.customer is None):
            outcomes[place] = CustomerMissing(
                "Give either customer_id or customer.", field="customer"
            )
            continue
        try:
            buyer = known[ask.customer_id] if ask.customer_id else None
            ship_to = ask.ship_to or _home_of(buyer)
            check_address(ship_to, field="ship_to")
            if ask.bill_to is not None:
                check_address(ask.bill_to, field="bill_to")
            ship_to = _in_its_state(ship_to)
            bill_to = _in_its_state(ask.bill_to or ship_to)
            contact = contact_of(ask.customer)
            priced = pricing.price(ask.lines, ask.discount_minor, catalogue, promised)
        except Refusal as refusal:
            outcomes[place] = refusal
        else:
            candidates.append(
                Candidate(
                    place,
                    ask,
                    new_id(),
                    priced,
                    contact,
                    ship_to,
                    bill_to,
                    buyer,
                    agreed=promised,
                )
            )
    return candidates


def _in_its_state(address: Address) -> Address:
    """A shop may send a PIN without a state: the place of supply must not become our own for it."""
    state = likely_state(address.postal_code, address.state_code, address.country)
    if state == address.state_code:
        return address
    return msgspec.structs.replace(address, state_code=state)


async def _known(tx: Tx, asks: Sequence[NewOrder], now: datetime) -> dict[UUID, Customer]:
    """The customers whom orders name by id."""
    ids = list({ask.customer_id for ask in asks if ask.customer_id and not ask.customer})
    if not ids:
        return {}
    drafts = [CustomerDraft(customer_id=customer_id) for customer_id in ids]
    return dict(zip(ids, await customers.find_or_add(tx, drafts, now=now), strict=True))


def _home_of(buyer: Customer | None) -> Address:
    """The first address of a customer whose order does not say where it goes."""
    if buyer is None or not buyer.addresses:
        whose = "this customer has no address on record" if buyer else "nobody else says"
        raise AddressMissing(f"Give ship_to: {whose}.", field="ship_to")
    return buyer.addresses[0].address


async def _promise(
    tx: Tx,
    candidates: Sequence[Candidate],
    outcomes: list[OrderSnapshot | Refusal | None],
    now: datetime,
) -> list[Candidate]:
    """Those that can be delivered, each with its day."""
    asks = [
        PromiseAsk(
            postal_code=candidate.ship_to.postal_code,
            country=candidate.ship_to.country,
            purchased_at=now,
        )
        for candidate in candidates
    ]
    promises = await shipping.promise(tx, asks, now=now)
    served = []
    for candidate, promise in zip(candidates, promises, strict=True):
        candidate.promise = promise
        method, pin = candidate.ask.payment_method, candidate.ship_to.postal_code
        refusal = shipping.refusal_of(method, pin, prepaid=promise.prepaid, cod=promise.cod)
        outcomes[candidate.place] = refusal
        if refusal is None:
            served.append(candidate)
    return served


async def _reserve(
    tx: Tx,
    candidates: list[Candidate],
    settings: OrderSettings,
    outcomes: list[OrderSnapshot | Refusal | None],
    now: datetime,
) -> list[Candidate]:
    """Those whose stock could be had, and the drafts, which hold none."""
    buying = [candidate for candidate in candidates if not candidate.ask.is_draft]
    holds = [
        Hold(
            order_id=candidate.id,
            demands=candidate.priced.demands(),
            held_until=candidate.unpaid_until(settings, now)
            if candidate.ask.payment_method == "prepaid"
            else None,
        )
        for candidate in buying
    ]
    verdicts = await inventory.reserve_last(tx, holds, now=now) if holds else []
    for candidate, verdict in zip(buying, verdicts, strict=True):
        candidate.refusal = outcomes[candidate.place] = verdict
    return [candidate for candidate in candidates if candidate.refusal is None]


async def _meet(tx: Tx, strangers: Sequence[Candidate], now: datetime) -> None:
    """Who gave a name and a phone is found by it, or is a new customer."""
    if not strangers:
        return
    drafts = [_draft_of(candidate) for candidate in strangers]
    met = await customers.find_or_add(tx, drafts, now=now)
    for candidate, buyer in zip(strangers, met, strict=True):
        candidate.buyer = buyer


async def _write_up(
    tx: Tx, candidates: Sequence[Candidate], settings: OrderSettings, now: datetime
) -> None:
    """Orders as they will be, but for their numbers."""
    if not candidates:
        return
    carts = [_cart_of(candidate) for candidate in candidates]
    quotes = await invoicing.quote(tx, carts, now=now)
    for candidate, quote in zip(candidates, quotes, strict=True):
        assert candidate.buyer, "orders of people nobody has met are written up later"
        status = _status_of(candidate.ask, quote.total_minor)
        candidate.order = pricing.order_of(
            candidate.ask,
            candidate.id,
            candidate.priced,
            quote,
            candidate.buyer,
            candidate.contact,
            ship_to=candidate.ship_to,
            bill_to=candidate.bill_to,
            is_sez=_is_for_a_zone(candidate),
            status=status,
            expires_at=candidate.unpaid_until(settings, now)
            if status is Status.PENDING_PAYMENT
            else None,
            promised_on=candidate.promise.promised_on if candidate.promise else None,
            owner_id=_owner_of(tx, candidate, candidate.buyer),
            now=now,
        )


def _cart_of(candidate: Candidate) -> Cart:
    known = candidate.buyer.gstin if candidate.buyer else None
    return pricing.cart(
        candidate.priced,
        ship_to=candidate.ship_to,
        bill_to=candidate.bill_to,
        gstin=candidate.contact.gstin or known,
        is_sez=_is_for_a_zone(candidate),
    )


def _is_for_a_zone(candidate: Candidate) -> bool:
    """As the order says; where it says nothing, as its buyer does."""
    if candidate.ask.is_sez is not None:
        return candidate.ask.is_sez
    buyer = candidate.buyer
    return buyer is not None and buyer.buys_for_a_zone(candidate.contact.gstin)


async def _place(
    tx: Tx, candidates: Sequence[Candidate], settings: OrderSettings, now: datetime
) -> list[OrderSnapshot]:
    fresh = [candidate.order for candidate in candidates if candidate.order]
    await _keep_what_costs_nothing(tx, fresh)
    await _refer(tx, candidates)
    return await orders.place_last(tx, fresh, settings=settings, now=now)


def _owner_of(tx: Tx, candidate: Candidate, buyer: Customer) -> UUID | None:
    """Somebody who sells to buyers of their own keeps what they place; else it goes with the buyer.

    A buyer named by id must be one they reach, or is not there for them.
    """
    if tx.actor.standing is None:
        return buyer.owner_id
    if candidate.ask.customer_id and not tx.actor.sees("customers.read", buyer):
        raise NotFound("There is no such customer.", field="customer_id")
    return tx.actor.standing.user_id


def _draft_of(candidate: Candidate) -> CustomerDraft:
    contact = candidate.contact
    return CustomerDraft(
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        gstin=contact.gstin,
        address=candidate.ship_to,
    )


def _status_of(ask: NewOrder, total_minor: int) -> Status:
    if ask.is_draft:
        return Status.DRAFT
    if ask.payment_method == "prepaid" and total_minor > 0:
        return Status.PENDING_PAYMENT
    return Status.CONFIRMED


async def _keep_what_costs_nothing(tx: Tx, fresh: Sequence[OrderSnapshot]) -> None:
    """A prepaid order of nothing is confirmed at once, so what it holds does not expire."""
    free = [
        order.id
        for order in fresh
        if order.payment_method == "prepaid" and order.status == Status.CONFIRMED
    ]
    if free:
        await tx.end()
        await inventory.keep(tx, free)


async def _refer(tx: Tx, candidates: Sequence[Candidate]) -> None:
    rows = [
        Reference(
            system=one.system,
            kind=one.kind,
            external_id=one.external_id,
            entity_kind="order",
            entity_id=candidate.id,
            order_id=candidate.id,
        )
        for candidate in candidates
        for one in candidate.ask.references
    ]
    for row in sorted(rows, key=lambda row: (row.system, row.kind, row.external_id)):
        await references.add(tx, row)


def _settled(outcome: OrderSnapshot | Refusal | None) -> OrderSnapshot | Refusal:
    assert outcome is not None, "every order of a batch is placed or refused"
    return outcome
