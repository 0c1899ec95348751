"""A seller, orders and lines in one line each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from tandem.contracts.address import Address
from tandem.contracts.invoicing import Cart, CartLine
from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.places import Place
from tandem.scm.invoicing.domain.rates import TaxRate
from tandem.scm.invoicing.domain.seller import SellerProfile

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOME, AWAY = "29", "27"
BUYER_AWAY = "27AAPFU0939F1ZV"
BUYER_AT_HOME = "29AABCR1718E1ZL"
PINS = {"29": ("Bengaluru", "560038"), "27": ("Mumbai", "400001"), "07": ("Delhi", "110001")}


async def seller(tx: Tx) -> SellerProfile:
    """The demo seller, of Karnataka."""
    return await service.seed_demo_seller(tx, now=NOW)


async def seller_of(database: Database, actor: Actor) -> None:
    async with database.transaction(actor) as tx:
        await seller(tx)


def address(state: str = HOME, country: str = "IN") -> Address:
    city, pin = PINS.get(state, ("Paris", "75001"))
    return Address(
        name="Meera Krishnamurthy",
        line1="Flat 4B, Lakeview Apartments",
        city=city,
        state_code=state,
        postal_code=pin,
        country=country,
    )


def cart_line(
    price: int,
    *,
    quantity: int = 1,
    tax_class: str = "standard",
    includes_tax: bool = False,
    discount: int = 0,
    hsn: str = "61149090",
) -> CartLine:
    return CartLine(
        hsn=hsn,
        tax_class=tax_class,
        quantity=quantity,
        unit_price_minor=price,
        price_includes_tax=includes_tax,
        discount_minor=discount,
    )


def cart(*lines: CartLine, state: str = HOME, gstin: str | None = None, sez: bool = False) -> Cart:
    return Cart(
        lines=list(lines), ship_state=state, bill_state=state, buyer_gstin=gstin, is_sez=sez
    )


def rate(
    percent: str, *, cess: str = "0", per_unit: str = "0", is_gst_on_cess: bool = False
) -> TaxRate:
    return TaxRate(
        tax_class="standard",
        rate=Decimal(percent),
        cess_rate=Decimal(cess),
        cess_per_unit_minor=Decimal(per_unit),
        is_gst_on_cess=is_gst_on_cess,
        valid_from=date(2017, 7, 1),
        notification="of its time",
    )


INTRA = Place(state=HOME, clause="test", supply_kind="B2C", is_inter_state=False)
INTER = Place(state=AWAY, clause="test", supply_kind="B2C", is_inter_state=True)


async def order(
    tx: Tx,
    *lines: CartLine,
    state: str = HOME,
    gstin: str | None = None,
    sez: bool = False,
    paid: bool = True,
    number: str = "SO-1001",
    quoted_at: datetime = NOW,
) -> OrderSnapshot:
    """An order as orders would hand it over, taxed by `quote` at `quoted_at`."""
    asked = cart(*lines, state=state, gstin=gstin, sez=sez)
    quote = (await service.quote(tx, [asked], now=quoted_at))[0]
    order_lines = [
        _order_line(place, asked_line, taxed)
        for place, (asked_line, taxed) in enumerate(zip(lines, quote.lines, strict=True), start=1)
    ]
    return snapshot(
        order_lines,
        total=quote.total_minor,
        state=state,
        gstin=gstin,
        place_of_supply=quote.place_of_supply,
        paid=paid,
        number=number,
    )


def snapshot(
    lines: Sequence[OrderLine],
    *,
    total: int,
    state: str = HOME,
    gstin: str | None = None,
    place_of_supply: str = HOME,
    paid: bool = True,
    number: str = "SO-1001",
    order_id: UUID | None = None,
) -> OrderSnapshot:
    taxable = sum(line.taxable_minor for line in lines)
    return OrderSnapshot(
        id=order_id or uuid4(),
        number=number,
        public_token="t" * 22,
        customer_id=uuid4(),
        customer_name="Meera Krishnamurthy",
        customer_email="meera@example.test",
        customer_phone="+919812345678",
        customer_gstin=gstin,
        channel="console",
        currency="INR",
        payment_method="prepaid" if paid else "cod",
        status="confirmed",
        payment_status="paid" if paid else "unpaid",
        fulfilment_status="unfulfilled",
        is_on_hold=False,
        ship_to=address(state),
        bill_to=address(state),
        place_of_supply=place_of_supply,
        lines=list(lines),
        discount_minor=0,
        taxable_minor=taxable,
        tax_minor=total - taxable,
        total_minor=total,
        authorized_minor=0,
        paid_minor=total if paid else 0,
        refunded_minor=0,
        placed_at=NOW,
        expires_at=None,
        promised_on=None,
        note="",
        version=1,
    )


def _order_line(place: int, asked: CartLine, taxed: object) -> OrderLine:
    amounts = {
        name: getattr(taxed, name)
        for name in (
            "taxable_minor",
            "tax_rate",
            "cgst_minor",
            "sgst_minor",
            "igst_minor",
            "cess_minor",
            "total_minor",
        )
    }
    return OrderLine(
        id=uuid4(),
        line_no=place,
        variant_id=uuid4(),
        sku=f"SKU-{place}",
        title=f"Thing {place}",
        hsn=asked.hsn,
        unit="NOS",
        quantity=asked.quantity,
        unit_price_minor=asked.unit_price_minor,
        price_includes_tax=asked.price_includes_tax,
        discount_minor=asked.discount_minor,
        tax_class=asked.tax_class,
        weight_grams=100,
        **amounts,
    )
