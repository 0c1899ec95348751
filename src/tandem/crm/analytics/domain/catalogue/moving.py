"""Shipments and their promises, stock, complaints."""

from tandem.crm.analytics.domain.catalogue.cuts import COUNTS, SKU, STATE, columns, texts
from tandem.crm.analytics.domain.catalogue.shapes import (
    Amount,
    Clock,
    Dataset,
    Dimension,
    Metric,
    Sums,
    Unit,
)

_ARRIVED = Amount(kind="count", where="f.delivered_on is not null")
_KEPT = Amount(kind="count", where="f.is_kept")
_PROMISED = Amount(kind="count", where="f.is_kept is not null")
_TIMED = Amount(kind="count", where="f.hours is not null")
_HOURS = Amount(kind="sum", value="f.hours", where="f.hours is not null")
_FAILURES = Amount(kind="sum", value="f.failures")

SHIPMENTS = Dataset(
    key="shipments",
    label="Shipments",
    table="analytics.fact_shipment",
    holds={"f.state_code": "shipment.ship_to"},
    permission="shipping.read",
    reach="order",
    record="f.order_id",
    clocks={
        "created": Clock(at="f.at", day="f.on_day", label="Made on"),
        "delivered": Clock(at="f.delivered_at", day="f.delivered_on", label="Delivered on"),
    },
    dimensions=texts("carrier", "status")
    | {"state": STATE, "is_kept": Dimension(label="Promise kept", sql="f.is_kept", kind="flag")},
    shows=columns("number", "carrier", "status", "promised_on", "delivered_on"),
    link="/shipments/{id}",
    link_id="f.id",
    sums=(
        Sums(
            clock="delivered",
            dimensions=("carrier", "state"),
            amounts=(COUNTS, _ARRIVED, _KEPT, _PROMISED, _TIMED, _HOURS),
        ),
        Sums(clock="created", dimensions=("carrier", "status"), amounts=(COUNTS, _FAILURES)),
    ),
)

_RECEIVED = Amount(kind="sum", value="f.quantity", where="f.quantity > 0")
_SHIPPED = Amount(kind="sum", value="-f.quantity", where="f.kind = 'shipped'")
_ON_HAND = Amount(kind="sum", value="f.quantity")

STOCK = Dataset(
    key="stock",
    label="Stock movements",
    table="analytics.fact_stock",
    holds={"f.quantity": "stock.on_hand"},
    permission="inventory.read",
    reach="everywhere",
    record="f.id",
    clocks={"moved": Clock(at="f.at", day="f.on_day", label="Moved on")},
    dimensions={
        "sku": SKU,
        "location": Dimension(label="Location", sql="f.location_id", kind="id", refers="location"),
    }
    | texts("kind", "reason"),
    shows=columns("sku", "kind", "reason", "quantity"),
    link="/variants/{id}",
    link_id="f.variant_id",
    sums=(
        Sums(
            clock="moved",
            dimensions=("sku", "location", "kind"),
            amounts=(_RECEIVED, _SHIPPED, _ON_HAND, COUNTS),
        ),
    ),
)

_SOLVED = Amount(kind="count", where="f.resolved_on is not null")
_SOLVED_HOURS = Amount(kind="sum", value="f.hours", where="f.resolved_on is not null")
_BREACHED = Amount(kind="count", where="f.is_breached")
_RATED = Amount(kind="count", where="f.rating is not null")
_RATING = Amount(kind="sum", value="f.rating", where="f.rating is not null")
_UNSOLVED = Amount(kind="count", where="f.status not in ('resolved', 'closed')")

COMPLAINTS = Dataset(
    key="complaints",
    label="Complaints",
    table="analytics.fact_complaint",
    holds={"f.rating": "complaint.rating"},
    permission="support.read",
    reach="everywhere",
    record="f.id",
    clocks={
        "opened": Clock(at="f.at", day="f.on_day", label="Opened on"),
        "solved": Clock(at="f.resolved_at", day="f.resolved_on", label="Solved on"),
    },
    dimensions=texts("category", "severity", "queue", "channel", "status"),
    shows=columns("number", "category", "severity", "status"),
    link="/complaints/{id}",
    link_id="f.id",
    sums=(
        Sums(
            clock="opened",
            dimensions=("category", "severity", "queue", "channel", "status"),
            amounts=(COUNTS, _BREACHED, _RATED, _RATING),
        ),
    ),
)

METRICS: tuple[Metric, ...] = (
    Metric(
        key="shipments", version=1, label="Shipments", meaning="Shipments made.",
        dataset="shipments", clock="created", unit=Unit.COUNT, amount=COUNTS, is_good_up=True,
    ),
    Metric(
        key="delivery_failures", version=1, label="Failed attempts",
        meaning="Times that a carrier came and could not hand over, of shipments made then.",
        dataset="shipments", clock="created", unit=Unit.COUNT, amount=_FAILURES,
        is_good_up=False,
    ),
    Metric(
        key="delivered", version=1, label="Delivered", meaning="Shipments that arrived.",
        dataset="shipments", clock="delivered", unit=Unit.COUNT, amount=_ARRIVED,
        is_good_up=True,
    ),
    Metric(
        key="promise_kept", version=1, label="Promise kept",
        meaning="Shipments that arrived on or before the day first promised, as a share of those "
        "that arrived and had a promise. A promise revised later does not make it kept.",
        dataset="shipments", clock="delivered", unit=Unit.RATIO, amount=_KEPT, over=_PROMISED,
        is_good_up=True,
    ),
    Metric(
        key="hours_to_door", version=1, label="Order to door",
        meaning="Hours from placing to delivery, averaged over shipments that arrived.",
        dataset="shipments", clock="delivered", unit=Unit.HOURS, amount=_HOURS, over=_TIMED,
        is_good_up=False,
    ),
    Metric(
        key="stock_received", version=1, label="Came in",
        meaning="Pieces that came onto shelves: receipts, returns, upward corrections.",
        dataset="stock", clock="moved", unit=Unit.QUANTITY, amount=_RECEIVED,
    ),
    Metric(
        key="stock_shipped", version=1, label="Shipped", meaning="Pieces that left for orders.",
        dataset="stock", clock="moved", unit=Unit.QUANTITY, amount=_SHIPPED, is_good_up=True,
    ),
    Metric(
        key="stock_movements", version=1, label="Movements", meaning="Lines of the stock ledger.",
        dataset="stock", clock="moved", unit=Unit.COUNT, amount=COUNTS,
    ),
    Metric(
        key="on_hand", version=1, label="On hand",
        meaning="Pieces on the shelves at the end of the last day: all movements up to then.",
        dataset="stock", clock="moved", unit=Unit.QUANTITY, amount=_ON_HAND, span="balance",
    ),
    Metric(
        key="complaints", version=1, label="Complaints", meaning="Complaints opened.",
        dataset="complaints", clock="opened", unit=Unit.COUNT, amount=COUNTS, is_good_up=False,
    ),
    Metric(
        key="complaints_solved", version=1, label="Solved",
        meaning="Complaints solved on these days and not opened again.",
        dataset="complaints", clock="solved", unit=Unit.COUNT, amount=_SOLVED, is_good_up=True,
    ),
    Metric(
        key="complaints_unsolved", version=1, label="Unsolved now",
        meaning="Complaints that are not solved at the moment asked for, whenever they came.",
        dataset="complaints", clock="opened", unit=Unit.COUNT, amount=_UNSOLVED,
        span="standing", is_good_up=False,
    ),
    Metric(
        key="hours_to_solve", version=1, label="Hours to solve",
        meaning="Hours from opening to solving, averaged over complaints solved.",
        dataset="complaints", clock="solved", unit=Unit.HOURS, amount=_SOLVED_HOURS,
        over=_SOLVED, is_good_up=False,
    ),
    Metric(
        key="breached_share", version=1, label="Over time",
        meaning="Complaints of which a clock ran out, as a share of those opened.",
        dataset="complaints", clock="opened", unit=Unit.RATIO, amount=_BREACHED, over=COUNTS,
        is_good_up=False,
    ),
    Metric(
        key="satisfaction", version=1, label="Satisfaction",
        meaning="Ratings from one to five, averaged over complaints that were rated.",
        dataset="complaints", clock="opened", unit=Unit.SCORE, amount=_RATING, over=_RATED,
        is_good_up=True,
    ),
)  # fmt: skip
