"""Whose fields a page shows: what a role hides is no filter, no order and no value there. And whose
its forms write: what a role keeps back has no input there, and what is sent for it is not read."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import msgspec

from tandem.kernel.actor import Actor
from tandem.kernel.http.fields import shows

OF_PAGES: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account",),
    "campaigns": ("campaign",),
    "complaints": ("complaint",),
    "customers": ("customer",),
    "deals": ("opportunity", "quote"),
    "deliveries": ("delivery",),
    "dispatch": ("delivery", "driver"),
    "forecast": ("opportunity",),
    "invoices": ("invoice",),
    "leads": ("lead",),
    "messages": ("message",),
    "orders": ("order",),
    "payments": ("payment",),
    "products": ("product", "stock"),
    "quotes": ("quote",),
    "shipments": ("shipment",),
    "stock": ("stock", "product"),
    "variants": ("product",),
}
"""The first part of a page's address, and what it is about."""


WRITTEN: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account",),
    "campaigns": ("campaign",),
    "customers": ("customer",),
    "deals": ("opportunity",),
    "dispatch": ("driver",),
    "leads": ("lead", "opportunity"),
    "orders": ("order",),
    "products": ("product",),
    "quotes": ("quote",),
    "stock": ("stock",),
    "variants": ("product",),
}
"""The first part of a page's address, and whose fields its forms write."""
INPUTS: Mapping[str, str] = {
    "customer.emails": "email",
    "customer.phones": "phone",
    "customer.addresses": "home_",
    "opportunity.amount_minor": "amount",
    "opportunity.probability": "manual_probability",
    "order.ship_to": "ship_",
    "product.price_minor": "price",
    "quote.ship_to": "ship_",
}
"""What a form calls a field that it does not call by its own name; `home_` begins all of it."""


class Inputs(msgspec.Struct, frozen=True):
    """The inputs of a page's forms that somebody is not shown, and that they may not change."""

    hidden: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()

    def state(self, name: str) -> Literal["", "hidden", "read_only"]:
        if _is_one(name, self.hidden):
            return "hidden"
        return "read_only" if _is_one(name, self.read_only) else ""


FREE = Inputs()


def inputs_of(opt: Mapping[str, Any], actor: Actor | None) -> Inputs:
    if actor is None or not (actor.hidden or actor.read_only):
        return FREE
    writes = opt.get("writes", frozenset())
    return Inputs(_named(actor.hidden, writes), _named(actor.read_only, writes))


def _named(rules: frozenset[str], resources: Collection[str]) -> frozenset[str]:
    parts = [(rule, *rule.split(".", 1)) for rule in rules]
    return frozenset(INPUTS.get(rule, name) for rule, of, name in parts if of in resources)


def _is_one(name: str, names: frozenset[str]) -> bool:
    return name in names or f"{name.partition('_')[0]}_" in names


def tell(pages: Iterable[Any]) -> None:
    """Have each page say whose fields it shows, and whose its forms write."""
    for page in pages:
        path = getattr(page, "path", "")
        area = path.strip("/").partition("/")[0] if isinstance(path, str) else ""
        if resources := OF_PAGES.get(area):
            said = page.__dict__.get("opt") or {}
            writes = frozenset(WRITTEN.get(area, ()))
            page.opt = {**said, **shows(*resources), "writes": writes}
