"""The buyer's side: complain from the tracking page, follow it, answer, say how it went.

A link is the only credential. Whoever holds an order's, a parcel's or a delivery's link may
complain about that order; whoever holds a complaint's link may read its public part and answer.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.flows.complaints import About, links_of
from tandem.kernel import tokens
from tandem.kernel.actor import Actor, Kind
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Conflict, Gone, Invalid, NotFound
from tandem.kernel.tokens import Token
from tandem.scm.delivery import service as delivery
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint, NewComplaint
from tandem.scm.support.domain.desk import Category
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.public import PublicComplaint, PublicHead, head_of, public_view
from tandem.scm.support.domain.statuses import Channel, Origin, Visibility
from tandem.scm.support.domain.words import fold
from tandem.scm.support.service import COMPLAINT, PUBLIC_ONLY

OPEN_MAX = 10
"""Unsettled complaints of one order; whoever has more has one matter, not eleven."""
TRACKING = frozenset({"order", "shipment", "delivery"})
UNKNOWN = "This link is not known."


class TooManyComplaints(Conflict):
    code = "too_many_complaints"


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    filename: str
    content: bytes


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer sends. The same `form_id` is the same complaint, however often it comes."""

    category: str
    body: str
    form_id: str = ""
    pictures: Sequence[Picture] = ()


async def find_tracking_token(database: Database, token: str, now: datetime) -> Token:
    """Raises NotFound for a link we never gave, Gone for one whose time is over."""
    found = await tokens.find(database, token)
    if found is None or found.kind not in TRACKING or found.revoked_at is not None:
        raise NotFound(UNKNOWN)
    if not found.is_live(now):
        raise Gone("This link is too old. Use the one in the message about your order.")
    return found


async def find_complaint_token(database: Database, token: str, now: datetime) -> Token:
    found = await tokens.find(database, token)
    if found is None or found.kind != COMPLAINT or not found.is_live(now):
        raise NotFound(UNKNOWN)
    return found


def buyer(org_id: UUID) -> Actor:
    """Whoever holds the link. May write on complaints; which ones follows from the link."""
    return Actor(
        org_id=org_id,
        user_id=None,
        kind=Kind.BUYER,
        grants=frozenset({"support.read", "support.write"}),
        label="Customer",
    )


async def choices(tx: Tx) -> list[Category]:
    """What a buyer may complain about."""
    desk = (await support.get_desk(tx)).desk
    return [one for one in desk.categories if one.is_public and not one.is_retired]


async def complain(tx: Tx, blobs: Blobs, token: Token, words: Words, *, now: datetime) -> Complaint:
    """Open it with the order attached and the words as its first public message.

    A double click opens one. Refuses unknown categories, empty words, files that are not taken and
    the eleventh unsettled complaint of an order.
    """
    if words.category not in {one.key for one in await choices(tx)}:
        raise Invalid("Say what it is about.", field="category")
    if not fold(words.body):
        raise Invalid("Say in a few words what went wrong.", field="body")
    links = await links_of(tx.with_all_grants(), await _about(tx, token))
    assert links.order_id is not None, "every tracking link leads to an order"
    dedupe = f"buyer:{links.order_id}:{_form(words)}"
    held = await support.list_of_order(tx, links.order_id)
    category = (await support.get_desk(tx)).desk.category(words.category)
    draft = NewComplaint(
        category=words.category,
        subject=f"{category.name} ({links.order_number})"[:200],
        channel=Channel.TRACKING,
        links=links,
        body=words.body,
        visibility=Visibility.PUBLIC,
        dedupe=dedupe,
    )
    complaint = await support.open_complaint(tx, draft, origin=Origin.BUYER, now=now)
    is_new = complaint.id not in {one.id for one in held}
    if is_new and sum(one.is_unsettled for one in held) >= OPEN_MAX:
        raise TooManyComplaints("We work on your other complaints. Please add to one of those.")
    for picture in words.pictures:
        await _attach(tx, blobs, complaint.id, picture, now=now)
    return complaint


async def list_public(tx: Tx, token: Token) -> list[PublicHead]:
    """The complaints of the link's order that its buyer knows of."""
    links = await _about(tx, token)
    order_id = links.order_id
    if order_id is None and links.shipment_id is not None:
        parcel = await shipping.get_shipment(tx.with_all_grants(), links.shipment_id)
        order_id = parcel.order_id
    assert order_id is not None, "every tracking link leads to an order"
    desk = (await support.get_desk(tx)).desk
    found = await support.list_of_order(tx, order_id)
    return [head_of(one, desk) for one in found if one.is_known_to_customer]


async def read_public(tx: Tx, token: Token) -> PublicComplaint:
    complaint = await _known(tx, token.entity_id)
    return public_view(
        complaint,
        (await support.get_desk(tx)).desk,
        await support.list_messages(tx, complaint.id, visibilities=PUBLIC_ONLY),
        await support.list_files(tx, complaint.id, visibilities=PUBLIC_ONLY),
    )


async def answer(
    tx: Tx, blobs: Blobs, token: Token, words: Words, *, now: datetime
) -> PublicComplaint:
    """More words, pictures, or both. A resolved complaint opens again."""
    await _known(tx, token.entity_id)
    if not fold(words.body) and not words.pictures:
        raise Invalid("Write something, or attach a photo.", field="body")
    for picture in words.pictures:
        await _attach(tx, blobs, token.entity_id, picture, now=now)
    if fold(words.body):
        await support.add_message(
            tx,
            complaint_id=token.entity_id,
            body=words.body,
            visibility=Visibility.PUBLIC,
            origin=Origin.BUYER,
            dedupe=f"buyer:{words.form_id}" if words.form_id else None,
            now=now,
        )
    return await read_public(tx, token)


async def rate(tx: Tx, token: Token, *, rating: int, note: str, now: datetime) -> PublicComplaint:
    await _known(tx, token.entity_id)
    await support.rate(tx, complaint_id=token.entity_id, rating=rating, note=note, now=now)
    return await read_public(tx, token)


async def read_picture(tx: Tx, blobs: Blobs, token: Token, file_id: UUID) -> tuple[File, bytes]:
    await _known(tx, token.entity_id)
    return await support.read_file(
        tx, blobs, complaint_id=token.entity_id, file_id=file_id, visibilities=PUBLIC_ONLY
    )


async def _known(tx: Tx, complaint_id: UUID) -> Complaint:
    """A complaint nobody told its customer about is not there for them."""
    complaint = await support.get_complaint(tx, complaint_id)
    if not complaint.is_known_to_customer or complaint.erased_at is not None:
        raise NotFound(UNKNOWN)
    return complaint


async def _attach(
    tx: Tx, blobs: Blobs, complaint_id: UUID, picture: Picture, *, now: datetime
) -> None:
    await support.add_file(
        tx,
        blobs,
        complaint_id=complaint_id,
        content=picture.content,
        filename=picture.filename,
        visibility=Visibility.PUBLIC,
        origin=Origin.BUYER,
        now=now,
    )


async def _about(tx: Tx, token: Token) -> About:
    if token.kind == "order":
        return About(order_id=token.entity_id)
    if token.kind == "shipment":
        return About(shipment_id=token.entity_id)
    one = await delivery.get_delivery(tx.with_all_grants(), token.entity_id)
    return About(order_id=one.order_id, shipment_id=one.shipment_id)


def _form(words: Words) -> str:
    """Without a form's own id, the same words about the same thing are the same complaint."""
    if words.form_id:
        return words.form_id
    return hashlib.sha256(f"{words.category}\n{fold(words.body)}".encode()).hexdigest()
