"""What stands on a label: ready text, one sheet per parcel."""

from datetime import datetime
from decimal import Decimal
from textwrap import shorten

import msgspec
from babel.numbers import format_currency

from tandem.contracts.address import Address
from tandem.contracts.india import STATES
from tandem.kernel.money import Money
from tandem.scm.shipping.domain.shipments import LabelNotReady, Shipment
from tandem.scm.shipping.domain.statuses import CANCELLABLE, Status

CONTENTS_MAX = 4
SENDER_LENGTH_MAX = 240


class Party(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    lines: list[str]
    pin: str
    phone: str


class ParcelSheet(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    place: str
    weight: str
    size: str


class LabelSheet(msgspec.Struct, frozen=True, kw_only=True):
    """`payment` is "PREPAID" or the cash to collect; `made_at` dates the file, so that the same
    label is the same bytes."""

    number: str
    order_number: str
    carrier: str
    awb: str
    payment: str
    is_cod: bool
    promised_on: str
    tracking_url: str
    sender: Party
    recipient: Party
    contents: str
    parcels: list[ParcelSheet]
    made_at: datetime


def label_of(shipment: Shipment, *, carrier: str, tracking_url: str) -> LabelSheet:
    """Refuses a shipment that waits for its carrier's number, and one that is cancelled."""
    if shipment.status in CANCELLABLE - {Status.READY} or shipment.status is Status.CANCELLED:
        raise LabelNotReady(f"Shipment {shipment.number} is {shipment.status}: it has no label.")
    count = len(shipment.parcels)
    return LabelSheet(
        number=shipment.number,
        order_number=shipment.order_number,
        carrier=carrier,
        awb=shipment.awb or "",
        payment=_payment(shipment),
        is_cod=shipment.cod_minor > 0,
        promised_on=f"{shipment.promised_on:%d %b %Y}" if shipment.promised_on else "",
        tracking_url=tracking_url,
        sender=_sender(shipment),
        recipient=_party(shipment.ship_to, shipment.recipient_phone or ""),
        contents=_contents(shipment),
        parcels=[
            ParcelSheet(
                number=parcel.number,
                place=f"{place} of {count}",
                weight=_kilograms(parcel.weight_grams),
                size=_size(parcel.length_mm, parcel.width_mm, parcel.height_mm),
            )
            for place, parcel in enumerate(shipment.parcels, start=1)
        ],
        made_at=shipment.created_at,
    )


def _payment(shipment: Shipment) -> str:
    if not shipment.cod_minor:
        return "PREPAID"
    amount = Money(minor=shipment.cod_minor, currency=shipment.currency).major()
    return format_currency(amount, shipment.currency, locale="en_IN")


def _sender(shipment: Shipment) -> Party:
    if shipment.sender.address is None:
        return Party(name=shipment.sender.name, lines=[], pin="", phone="")
    party = _party(shipment.sender.address, "")
    line = shorten(", ".join(party.lines), SENDER_LENGTH_MAX, placeholder="…")
    return msgspec.structs.replace(party, name=shipment.sender.name, lines=[line])


def _party(address: Address, phone: str) -> Party:
    state = STATES.get(address.state_code, "")
    town = ", ".join(part for part in (address.city, state) if part)
    country = address.country if address.country != "IN" else ""
    landmark = f"Near {address.landmark}" if address.landmark else ""
    lines = [address.line1, address.line2, landmark, town, country]
    return Party(
        name=address.name,
        lines=[line for line in lines if line],
        pin=address.postal_code,
        phone=phone or address.phone,
    )


def _contents(shipment: Shipment) -> str:
    shown = [
        f"{item.quantity} × {shorten(item.title, 48, placeholder='…')}"
        for item in shipment.items[:CONTENTS_MAX]
    ]
    rest = len(shipment.items) - len(shown)
    return "; ".join([*shown, *([f"and {rest} more"] if rest else [])])


def _kilograms(grams: int) -> str:
    return f"{(Decimal(grams) / 1000).quantize(Decimal('0.01')):f} kg"


def _size(*millimetres: int) -> str:
    if not all(millimetres):
        return ""
    return " × ".join(f"{Decimal(side) / 10:f}" for side in millimetres) + " cm"
