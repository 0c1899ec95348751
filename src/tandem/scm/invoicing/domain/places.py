"""Place of supply of goods, and what it makes of the supply (IGST Act 2017, ss. 7, 8, 10, 11)."""

from typing import Literal

import msgspec

from tandem.contracts.invoicing import Cart
from tandem.scm.invoicing.domain.states import ABROAD

SupplyKind = Literal["B2B", "B2C", "SEZWP", "SEZWOP", "EXPWP", "EXPWOP"]

MOVEMENT_ENDS = "IGST Act s.10(1)(a)"
BILL_TO_SHIP_TO = "IGST Act s.10(1)(b)"
UNREGISTERED = "IGST Act s.10(1)(ca)"
EXPORT = "IGST Act s.11(b)"

ZERO_RATED_WITHOUT_TAX = frozenset({"SEZWOP", "EXPWOP"})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is a GST state code, 96 abroad; `clause` is the rule that decided it."""

    state: str
    clause: str
    supply_kind: SupplyKind
    is_inter_state: bool

    @property
    def is_taxed(self) -> bool:
        return self.supply_kind not in ZERO_RATED_WITHOUT_TAX


def place_of_supply(cart: Cart, *, seller_state: str, pays_zero_rated_tax: bool) -> Place:
    """Where the goods count as supplied, by which clause, and whether IGST or both halves apply.

    `pays_zero_rated_tax`: the seller exports with payment of IGST and claims it back; otherwise
    under a letter of undertaking, untaxed (IGST Act s.16(3)).
    """
    if is_export(cart):
        kind: SupplyKind = "EXPWP" if pays_zero_rated_tax else "EXPWOP"
        return Place(state=ABROAD, clause=EXPORT, supply_kind=kind, is_inter_state=True)
    state, clause = _place_in_india(cart, seller_state)
    if cart.is_sez:
        # Inter-state whatever the states are: IGST Act s.7(5)(b).
        kind = "SEZWP" if pays_zero_rated_tax else "SEZWOP"
        return Place(state=state, clause=clause, supply_kind=kind, is_inter_state=True)
    return Place(
        state=state,
        clause=clause,
        supply_kind="B2B" if cart.buyer_gstin else "B2C",
        is_inter_state=state != seller_state,
    )


def is_export(cart: Cart) -> bool:
    """Goods that leave India; a buyer abroad whose goods stay in India is no export."""
    return cart.ship_country != "IN" or cart.ship_state == ABROAD


def _place_in_india(cart: Cart, seller_state: str) -> tuple[str, str]:
    if cart.buyer_gstin:
        return _place_of_registered(cart, cart.buyer_gstin[:2])
    # The address on the invoice; where it differs from the billing address, the delivery address
    # is the one to record (CBIC circular 209/3/2024). Neither known: the supplier's own state.
    return cart.ship_state or _in_india(cart.bill_state) or seller_state, UNREGISTERED


def _place_of_registered(cart: Cart, home: str) -> tuple[str, str]:
    """Goods sent to somebody else's state on the buyer's word are supplied at the buyer's home."""
    if cart.ship_state and cart.ship_state != home:
        return home, BILL_TO_SHIP_TO
    return home, MOVEMENT_ENDS


def _in_india(state: str) -> str:
    return "" if state == ABROAD else state
