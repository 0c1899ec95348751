"""A pick list on A4, with bars that scanners read."""

from functools import cache, partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tandem.flows.pick_lists.gathering import Picking, Waiting
from tandem.flows.pick_lists.sheet import Place
from tandem.kernel import typesetting
from tandem.scm.shipping import service as shipping


async def pick_list_pdf(picking: Picking) -> bytes:
    """Runs in a thread; never call it inside a transaction."""
    return await typesetting.in_thread(partial(typeset_pdf, picking))


def typeset_pdf(picking: Picking) -> bytes:
    return typesetting.pdf(_template(), inputs_of(picking), made_at=picking.printed_at)


def inputs_of(picking: Picking) -> dict[str, str]:
    codes = {pick.sku for place in picking.places for pick in place.picks}
    codes |= {each.shipment.number for each in picking.waiting}
    bars = {code: typesetting.bars(code) for code in sorted(codes)}
    sheet = {
        "company": picking.company,
        "printed_at": _moment(picking),
        "pieces": picking.pieces,
        "orders": len({each.shipment.order_id for each in picking.waiting}),
        "places": [_place(place) for place in picking.places],
        "shipments": [_shipment(each) for each in picking.waiting],
    }
    return {
        "sheet": msgspec.json.encode(sheet).decode(),
        "bars": msgspec.json.encode(bars).decode(),
    }


@cache
def _template() -> bytes:
    return files(__package__).joinpath("pick_list.typ").read_bytes()


def _moment(picking: Picking) -> str:
    at = picking.printed_at.astimezone(ZoneInfo(picking.zone))
    return f"{at:%d %b %Y, %H:%M} {at.tzname()}"


def _place(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "picks": [msgspec.to_builtins(pick) for pick in place.picks],
    }


def _shipment(each: Waiting) -> dict[str, Any]:
    shipment = each.shipment
    to = shipment.ship_to
    return {
        "number": shipment.number,
        "order_number": shipment.order_number,
        "carrier": shipping.carriers()[shipment.carrier],
        "to": f"{to.name}, {to.city} {to.postal_code}",
        "promised_on": f"{shipment.promised_on:%d %b %Y}" if shipment.promised_on else "",
        "pieces": each.pieces,
        "note": each.note,
    }
