"""What of an order still has to be shipped, and what this shipment of it collects at the door."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.contracts.shipping import ShipmentItem
from tandem.kernel.money import apportion
from tandem.scm.shipping.domain.shipments import NewParcel, NothingToShip, Parcel, Shipment
from tandem.scm.shipping.domain.statuses import Status

OVER = frozenset(
    {Status.DELIVERED, Status.RTO_DELIVERED, Status.CANCELLED, Status.LOST, Status.DAMAGED}
)


def items_left(order: OrderSnapshot, packed: Mapping[UUID, int]) -> list[ShipmentItem]:
    """Every unit that is neither cancelled nor in another shipment."""
    found = []
    for line in order.lines:
        left = line.quantity - line.quantity_cancelled - packed.get(line.id, 0)
        if left > 0:
            found.append(_item(line, left))
    if not found:
        raise NothingToShip(f"Everything of order {order.number} is in a shipment already.")
    return found


def _item(line: OrderLine, quantity: int) -> ShipmentItem:
    return ShipmentItem(
        order_line_id=line.id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        quantity=quantity,
        weight_grams=line.weight_grams,
    )


def check_items(
    order: OrderSnapshot, items: Sequence[ShipmentItem], packed: Mapping[UUID, int]
) -> None:
    """Refuse more than is left of any line."""
    left = {item.order_line_id: item.quantity for item in items_left(order, packed)}
    wanted: Counter[UUID] = Counter()
    for item in items:
        wanted[item.order_line_id] += item.quantity
    for line_id, quantity in wanted.items():
        if not 0 < quantity <= left.get(line_id, 0):
            raise NothingToShip(
                f"Order {order.number} has {left.get(line_id, 0)} of this line left to ship, "
                f"not {quantity}.",
                order_line_id=str(line_id),
            )


def value_of(order: OrderSnapshot, items: Sequence[ShipmentItem]) -> int:
    """What the buyer pays for these items, their share of each line."""
    lines = {line.id: line for line in order.lines}
    return sum(_share(lines[item.order_line_id], item.quantity) for item in items)


def _share(line: OrderLine, quantity: int) -> int:
    rest = line.quantity - quantity
    return apportion(line.total_minor, [quantity, rest])[0] if rest else line.total_minor


def cash_due(
    order: OrderSnapshot,
    items: Sequence[ShipmentItem],
    packed: Mapping[UUID, int],
    collected_minor: int,
) -> int:
    """Cash to collect with these items: all that is left with the last of them.

    `collected_minor` is what the order's shipments that are on their way will collect.
    """
    if order.payment_method != "cod":
        return 0
    due = max(0, order.total_minor - order.paid_minor - collected_minor)
    left = {item.order_line_id: item.quantity for item in items_left(order, packed)}
    here: Counter[UUID] = Counter()
    for item in items:
        here[item.order_line_id] += item.quantity
    if all(here[line_id] == quantity for line_id, quantity in left.items()):
        return due
    return min(due, value_of(order, items))


def lowered_cash(
    shipments: Sequence[Shipment], due_minor: int, *, carrier: str, handed_over: Collection[UUID]
) -> list[tuple[Shipment, int]]:
    """Which of these collect less when only `due_minor` is left, and how much; the last ones first.

    Shipments that are over, `handed_over` before shipping heard of it, or with another carrier,
    stay as they are.
    """
    going = [
        shipment
        for shipment in shipments
        if shipment.status not in OVER and shipment.id not in handed_over
    ]
    surplus = sum(shipment.cod_minor for shipment in going) - due_minor
    lowered = []
    for shipment in reversed(going):
        less = min(max(surplus, 0), shipment.cod_minor)
        if less and shipment.carrier == carrier:
            lowered.append((shipment, shipment.cod_minor - less))
            surplus -= less
    return lowered


def weight_of(items: Sequence[ShipmentItem]) -> int:
    return sum(item.weight_grams * item.quantity for item in items)


def parcels_of(number: str, parcels: Sequence[NewParcel]) -> list[Parcel]:
    return [
        Parcel(
            number=f"{number}-{place}",
            weight_grams=parcel.weight_grams,
            length_mm=parcel.length_mm,
            width_mm=parcel.width_mm,
            height_mm=parcel.height_mm,
        )
        for place, parcel in enumerate(parcels, start=1)
    ]
