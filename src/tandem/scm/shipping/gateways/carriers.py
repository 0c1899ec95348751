"""Who carries: the port every carrier stands behind, and the two that need no network."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.scm.shipping.domain.shipments import Parcel, UnknownCarrier


class BookingAsk(msgspec.Struct, frozen=True, kw_only=True):
    """`reference` is our number of the shipment: a carrier that answered too late is asked by it,
    never booked twice."""

    shipment_id: UUID
    reference: str
    ship_to: Address
    parcels: list[Parcel]
    cod_minor: int
    currency: str


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """`is_labelled`: the parcel can be labelled now. `awb` is the carrier's number, if any."""

    is_labelled: bool
    awb: str | None = None


class CarrierGateway(Protocol):
    """`is_local` carriers answer without a network, so they may be asked where a shipment is made;
    any other is asked by a job, which claims the shipment, calls, and records the answer."""

    code: str
    title: str
    is_local: bool

    def book(self, ask: BookingAsk) -> Booking:
        """Take the parcels on, under our reference."""


class OwnFleet:
    """Our own drivers. The shipment's number is all they need."""

    code = "own_fleet"
    title = "Own fleet"
    is_local = True

    def book(self, ask: BookingAsk) -> Booking:
        return Booking(is_labelled=True)


class ByHand:
    """Any carrier, booked at its own counter: the shipment waits until staff type its number in."""

    code = "manual"
    title = "Other carrier"
    is_local = True

    def book(self, ask: BookingAsk) -> Booking:
        return Booking(is_labelled=False)


CARRIERS: Mapping[str, CarrierGateway] = {
    carrier.code: carrier for carrier in (OwnFleet(), ByHand())
}


def get_carrier(code: str) -> CarrierGateway:
    if code not in CARRIERS:
        raise UnknownCarrier(
            f"There is no carrier {code!r}. Use one of {', '.join(CARRIERS)}.",
            field="carrier",
            allowed=list(CARRIERS),
        )
    return CARRIERS[code]
