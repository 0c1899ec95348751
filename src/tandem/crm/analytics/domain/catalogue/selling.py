"""Orders, what was sold in them, the money and the papers."""

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

_PLACED = {"placed": Clock(at="f.at", day="f.on_day", label="Placed on")}
_BY_ORDER = texts("channel", "status") | {"state": STATE} | texts("currency")
_CUSTOMER = Dimension(label="Customer", sql="f.customer_id", kind="id", refers="customer")

_STANDING = "f.status in ('confirmed', 'completed')"
_STANDS = Amount(kind="count", where=_STANDING)
_REVENUE_PLACED = Amount(kind="sum", value="f.total_base")
_REVENUE = Amount(kind="sum", value="f.total_base", where=_STANDING)
_TAX = Amount(kind="sum", value="f.tax_base", where=_STANDING)
_DISCOUNT = Amount(kind="sum", value="f.discount_base", where=_STANDING)
_UNITS = Amount(kind="sum", value="f.units", where=_STANDING)
_CANCELLED = Amount(kind="count", where="f.status = 'cancelled'")
_BUYERS = Amount(kind="distinct", value="f.customer_id", where=_STANDING)

ORDERS = Dataset(
    key="orders",
    label="Orders",
    table="analytics.fact_order",
    money="f.total_base",
    holds={
        "f.total_base": "order.total_minor",
        "f.tax_base": "order.total_minor",
        "f.discount_base": "order.total_minor",
        "f.state_code": "order.ship_to",
    },
    permission="orders.read",
    reach="order",
    record="f.id",
    clocks=_PLACED,
    dimensions=_BY_ORDER
    | {
        "payment_method": Dimension(label="Payment method", sql="f.payment_method"),
        "customer": _CUSTOMER,
    },
    shows=columns("number", "status", "channel", "total_base"),
    link="/orders/{id}",
    link_id="f.id",
    sums=(
        Sums(
            clock="placed",
            dimensions=("channel", "status", "state", "currency", "payment_method"),
            amounts=(
                COUNTS,
                _STANDS,
                _REVENUE_PLACED,
                _REVENUE,
                _TAX,
                _DISCOUNT,
                _UNITS,
                _CANCELLED,
            ),
        ),
    ),
)

_LINE_REVENUE = Amount(kind="sum", value="f.total_base", where=_STANDING)
_LINE_UNITS = Amount(kind="sum", value="f.quantity", where=_STANDING)

LINES = Dataset(
    key="order_lines",
    label="Order lines",
    table="analytics.fact_order_line",
    money="f.total_base",
    holds={"f.total_base": "order.total_minor", "f.state_code": "order.ship_to"},
    permission="orders.read",
    reach="order",
    record="f.order_id",
    clocks=_PLACED,
    dimensions=_BY_ORDER | {"sku": SKU, "customer": _CUSTOMER},
    shows=columns("number", "sku", "quantity", "total_base"),
    link="/orders/{id}",
    link_id="f.order_id",
    sums=(Sums(clock="placed", dimensions=("sku",), amounts=(_LINE_REVENUE, _LINE_UNITS)),),
)

_IN = Amount(kind="sum", value="f.amount_base", where="f.kind in ('payment', 'cash')")
_BACK = Amount(kind="sum", value="f.amount_base", where="f.kind = 'refund'")
_NET = Amount(kind="sum", value="f.net_base")

PAYMENTS = Dataset(
    key="payments",
    label="Payments and refunds",
    table="analytics.fact_payment",
    money="f.net_base",
    holds={"f.net_base": "payment.amount_minor", "f.amount_base": "payment.amount_minor"},
    permission="payments.read",
    reach="order",
    record="f.order_id",
    clocks={"moved": Clock(at="f.at", day="f.on_day", label="Money moved on")},
    dimensions=texts("kind", "method", "currency"),
    shows=columns("number", "kind", "method", "net_base"),
    link="/orders/{id}",
    link_id="f.order_id",
    sums=(
        Sums(
            clock="moved",
            dimensions=("kind", "method", "currency"),
            amounts=(_IN, _BACK, _NET),
        ),
    ),
)

_INVOICED = Amount(kind="sum", value="f.net_base")
_INVOICES = Amount(kind="count", where="f.kind = 'invoice'")
_CREDITS = Amount(kind="count", where="f.kind = 'credit_note'")

INVOICES = Dataset(
    key="invoices",
    label="Invoices and credit notes",
    table="analytics.fact_invoice",
    money="f.net_base",
    holds={"f.net_base": "invoice.total_minor"},
    permission="invoicing.read",
    reach="order",
    record="f.order_id",
    clocks={"issued": Clock(at="f.at", day="f.on_day", label="Issued on")},
    dimensions=texts("kind", "currency"),
    shows=columns("number", "kind", "net_base"),
    link="/invoices/{id}",
    link_id="f.id",
    sums=(
        Sums(
            clock="issued",
            dimensions=("kind", "currency"),
            amounts=(_INVOICED, _INVOICES, _CREDITS),
        ),
    ),
)


def _of_orders(
    key: str, version: int, label: str, meaning: str, unit: Unit, amount: Amount,
    over: Amount | None = None, *, is_good_up: bool | None = True,
) -> Metric:  # fmt: skip
    return Metric(
        key=key,
        version=version,
        label=label,
        meaning=meaning,
        dataset="orders",
        clock="placed",
        unit=unit,
        amount=amount,
        over=over,
        is_good_up=is_good_up,
    )


METRICS: tuple[Metric, ...] = (
    _of_orders(
        "orders_placed", 1, "Orders placed",
        "Every order that was placed, whatever became of it, on the day it was placed.",
        Unit.COUNT, COUNTS,
    ),
    _of_orders(
        "orders", 1, "Orders",
        "Orders that stand: confirmed or completed by now. Those that wait for their payment, "
        "expired or were cancelled do not count.",
        Unit.COUNT, _STANDS,
    ),
    _of_orders(
        "revenue", 1, "Revenue",
        "Totals of all orders placed, with tax, whatever became of them.",
        Unit.MONEY, _REVENUE_PLACED,
    ),
    _of_orders(
        "revenue", 2, "Revenue",
        "Totals of orders that stand, with tax, on the day they were placed, in the company's "
        "currency at that day's rate.",
        Unit.MONEY, _REVENUE,
    ),
    _of_orders(
        "average_order", 1, "Average order",
        "Revenue divided by the orders that it is of.",
        Unit.MONEY, _REVENUE, _STANDS,
    ),
    _of_orders("tax", 1, "Tax", "Tax within revenue.", Unit.MONEY, _TAX, is_good_up=None),
    _of_orders(
        "discount", 1, "Discount", "What was taken off orders that stand.",
        Unit.MONEY, _DISCOUNT, is_good_up=None,
    ),
    _of_orders("units", 1, "Units", "Pieces in orders that stand.", Unit.QUANTITY, _UNITS),
    _of_orders(
        "buyers", 1, "Buyers",
        "Different customers with an order that stands. Not to be added up over days.",
        Unit.COUNT, _BUYERS,
    ),
    _of_orders(
        "cancelled_share", 1, "Cancelled",
        "Orders cancelled, as a share of those placed on the same days.",
        Unit.RATIO, _CANCELLED, COUNTS, is_good_up=False,
    ),
    Metric(
        key="line_revenue", version=1, label="Line revenue",
        meaning="Totals of the lines of orders that stand, with tax.",
        dataset="order_lines", clock="placed", unit=Unit.MONEY, amount=_LINE_REVENUE,
        is_good_up=True,
    ),
    Metric(
        key="units_sold", version=1, label="Units sold",
        meaning="Pieces in the lines of orders that stand.",
        dataset="order_lines", clock="placed", unit=Unit.QUANTITY, amount=_LINE_UNITS,
        is_good_up=True,
    ),
    Metric(
        key="collected", version=1, label="Collected",
        meaning="Money taken: captured payments, and cash at the door.",
        dataset="payments", clock="moved", unit=Unit.MONEY, amount=_IN, is_good_up=True,
    ),
    Metric(
        key="refunded", version=1, label="Refunded",
        meaning="Money that went back to buyers.",
        dataset="payments", clock="moved", unit=Unit.MONEY, amount=_BACK, is_good_up=False,
    ),
    Metric(
        key="net_collected", version=1, label="Collected, net",
        meaning="Money taken less what went back, each on its own day.",
        dataset="payments", clock="moved", unit=Unit.MONEY, amount=_NET, is_good_up=True,
    ),
    Metric(
        key="invoiced", version=1, label="Invoiced, net",
        meaning="Invoices less credit notes, with tax.",
        dataset="invoices", clock="issued", unit=Unit.MONEY, amount=_INVOICED, is_good_up=True,
    ),
    Metric(
        key="invoices", version=1, label="Invoices", meaning="Invoices issued.",
        dataset="invoices", clock="issued", unit=Unit.COUNT, amount=_INVOICES,
    ),
    Metric(
        key="credit_notes", version=1, label="Credit notes", meaning="Credit notes issued.",
        dataset="invoices", clock="issued", unit=Unit.COUNT, amount=_CREDITS, is_good_up=False,
    ),
)  # fmt: skip
