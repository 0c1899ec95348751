"""Lines: what is offered at which price, and the tax on it as invoicing worked it out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.catalog import VariantFacts
from tandem.contracts.invoicing import CartLine, TaxedLine
from tandem.crm.sales.domain.opportunities import AMOUNT_MAX
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id
from tandem.kernel.money import round_half_up
from tandem.kernel.patterns import whole

LINES_MAX = 200
PRICE_MAX = 10**12


class AmountSource(StrEnum):
    """Whether somebody wrote a deal's amount, or its lines make it."""

    MANUAL = "manual"
    LINES = "lines"


class LineDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line as somebody wants it. Without a price it is the catalogue's. The discount is for the
    whole line, with or without tax as the price is; either an amount or per cent of the line."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    unit_price_minor: Annotated[int, msgspec.Meta(ge=0, le=PRICE_MAX)] | None = None
    discount_minor: Annotated[int, msgspec.Meta(ge=0, le=PRICE_MAX)] = 0
    discount_percent: (
        Annotated[str, msgspec.Meta(pattern=whole(r"(100|[0-9]{1,2}(\.[0-9]{1,2})?)"))] | None
    ) = None


LineDrafts = Annotated[list[LineDraft], msgspec.Meta(max_length=LINES_MAX)]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of the deal's currency. `taxable_minor` is after discount and without tax,
    `total_minor` what the buyer pays."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "unit_price_minor": "opportunity.amount_minor",
        "discount_minor": "opportunity.amount_minor",
        "taxable_minor": "opportunity.amount_minor",
        "cgst_minor": "opportunity.amount_minor",
        "sgst_minor": "opportunity.amount_minor",
        "igst_minor": "opportunity.amount_minor",
        "cess_minor": "opportunity.amount_minor",
        "total_minor": "opportunity.amount_minor",
    }

    id: UUID
    line_no: int
    variant_id: UUID
    sku: str
    title: str
    hsn: str
    unit: str
    tax_class: str
    quantity: int
    unit_price_minor: int
    price_includes_tax: bool
    discount_minor: int
    taxable_minor: int
    tax_rate: str
    cgst_minor: int
    sgst_minor: int
    igst_minor: int
    cess_minor: int
    total_minor: int

    @property
    def tax_minor(self) -> int:
        return self.cgst_minor + self.sgst_minor + self.igst_minor + self.cess_minor


def cart_line(draft: LineDraft, fact: VariantFacts, *, currency: str, place: int) -> CartLine:
    """Refuses a line without a price whose product is priced in another currency, and a discount
    that is given twice or is more than the line."""
    price = draft.unit_price_minor
    if price is None and fact.currency != currency:
        raise Invalid(
            f"{fact.sku} is priced in {fact.currency}. Give its price in {currency}.",
            field=f"lines[{place}].unit_price_minor",
        )
    if price is None:
        price = fact.price_minor
    worth = price * draft.quantity
    return CartLine(
        hsn=fact.hsn,
        tax_class=fact.tax_class,
        quantity=draft.quantity,
        unit_price_minor=price,
        price_includes_tax=fact.price_includes_tax,
        discount_minor=_discount(draft, worth, place),
    )


def _discount(draft: LineDraft, worth: int, place: int) -> int:
    discount = draft.discount_minor
    if draft.discount_percent is not None:
        if discount:
            raise Invalid(
                "Give a discount as an amount or per cent, not both.",
                field=f"lines[{place}].discount_minor",
            )
        discount = round_half_up(Decimal(worth) * Decimal(draft.discount_percent) / 100)
    if discount > worth:
        raise Invalid(
            "The discount is more than the line costs.", field=f"lines[{place}].discount_minor"
        )
    if worth - discount > AMOUNT_MAX // LINES_MAX:
        raise Invalid("The line is too large.", field=f"lines[{place}].quantity")
    return discount


def line_of(place: int, fact: VariantFacts, asked: CartLine, taxed: TaxedLine) -> Line:
    return Line(
        id=new_id(),
        line_no=place + 1,
        variant_id=fact.variant_id,
        sku=fact.sku,
        title=fact.title,
        hsn=fact.hsn,
        unit=fact.unit,
        tax_class=fact.tax_class,
        quantity=asked.quantity,
        unit_price_minor=asked.unit_price_minor,
        price_includes_tax=asked.price_includes_tax,
        discount_minor=asked.discount_minor,
        taxable_minor=taxed.taxable_minor,
        tax_rate=taxed.tax_rate,
        cgst_minor=taxed.cgst_minor,
        sgst_minor=taxed.sgst_minor,
        igst_minor=taxed.igst_minor,
        cess_minor=taxed.cess_minor,
        total_minor=taxed.total_minor,
    )


def worth_of(lines: Sequence[Line]) -> int:
    """What the lines bring the company: after discount, without tax."""
    return sum(line.taxable_minor for line in lines)


def again(lines: Sequence[Line]) -> list[LineDraft]:
    """The same lines, to be priced anew where only the buyer's place changed."""
    return [
        LineDraft(
            sku=line.sku,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            discount_minor=line.discount_minor,
        )
        for line in lines
    ]
