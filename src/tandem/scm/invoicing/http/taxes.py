"""Tax questions: quotes, rates, GSTINs, and the company's own profile."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import FILLED
from tandem.contracts.invoicing import Cart, CartLine, Quote
from tandem.kernel.errors import Forbidden, Invalid, StaleVersion
from tandem.kernel.http import COMPUTES, IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.identifiers import (
    GstinFacts,
    GstinWrong,
    check_gstin,
    inspect_gstin,
)
from tandem.scm.invoicing.domain.numbers import NumberFormatWrong
from tandem.scm.invoicing.domain.rates import (
    RateMissing,
    TaxClassUnknown,
    TaxRate,
    business_date,
)
from tandem.scm.invoicing.domain.seller import Seller, SellerMissing, SellerProfile, SellerWrong
from tandem.scm.invoicing.domain.tax import LineWrong
from tandem.scm.invoicing.service.selling import RateExists

State = Annotated[str, msgspec.Meta(pattern=whole(r"(\d{2})?"))]
Gstin = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=FILLED)]
Hsn = Annotated[str, msgspec.Meta(pattern=whole(r"(\d{4}|\d{6}|\d{8})"))]
TaxClass = Annotated[str, msgspec.Meta(pattern=whole("[a-z_]{1,40}"))]
Percent = Annotated[str, msgspec.Meta(pattern=whole(r"\d{1,3}(\.\d{1,4})?"))]
PerUnit = Annotated[str, msgspec.Meta(pattern=whole(r"\d{1,9}(\.\d{1,4})?"))]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
TaxClassFilter = Annotated[str | None, QueryParameter(pattern=whole("[a-z_]{1,40}"))]


class TaxProfile(Seller, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a company puts in; the same as what it gets back, without version."""


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hsn: Hsn
    tax_class: TaxClass
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    unit_price_minor: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    price_includes_tax: bool
    discount_minor: Minor = 0


class TaxQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cart, and the three days CGST Act s.14 looks at; today, unpaid, where they are left out."""

    lines: Annotated[list[QuoteLine], msgspec.Meta(min_length=1, max_length=500)]
    ship_state: State = ""
    bill_state: State = ""
    ship_country: Annotated[str, msgspec.Meta(pattern=whole("[A-Z]{2}"))] = "IN"
    buyer_gstin: Gstin | None = None
    is_sez: bool = False
    supplied_on: FromQuery[date | None] = None
    invoiced_on: FromQuery[date | None] = None
    paid_on: FromQuery[date | None] = None


class TaxAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`rates_of` is the day whose rates were used, `rates_by` the clause that names it."""

    quote: Quote
    rates_of: date
    rates_by: str


class GstinQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gstin: Gstin


class NewRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rate of the company's own; see the national ones with GET. Decimals are strings."""

    tax_class: TaxClass
    hsn_prefix: Annotated[str, msgspec.Meta(pattern=whole(r"\d{0,8}"))] = ""
    rate: Percent
    cess_rate: Percent = "0"
    cess_per_unit_minor: PerUnit = "0"
    is_gst_on_cess: bool = False
    valid_from: date
    valid_to: date | None = None
    notification: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]


class TaxController(Controller):
    path = "/v1"
    tags = ("taxes",)

    @post(
        "/tax-quotes",
        opt=COMPUTES,
        status_code=200,
        responses=refusals(TaxClassUnknown, LineWrong, GstinWrong, RateMissing, SellerMissing),
    )
    async def quote(self, data: JSONBody[TaxQuestion], tx: Transaction, now: Now) -> TaxAnswer:
        """What tax a cart carries, where it counts as supplied, and by which clauses."""
        seller = await service.get_seller(tx)
        today = business_date(now, seller.time_zone)
        quote, decided = await service.quote_at(
            tx,
            _cart_of(data),
            supplied_on=data.supplied_on or today,
            invoiced_on=data.invoiced_on or today,
            paid_on=data.paid_on,
            now=now,
        )
        return TaxAnswer(quote=quote, rates_of=decided.on, rates_by=decided.clause)

    @get("/tax-rates", responses=refusals(Invalid))
    async def list_rates(
        self, tx: Transaction, tax_class: TaxClassFilter = None, on: FromQuery[date | None] = None
    ) -> Page[TaxRate]:
        """National rates and the company's own, at most 1,000; `on` keeps a day's."""
        return Page(items=await service.list_rates(tx, tax_class=tax_class, on_day=on))

    @post("/tax-rates", responses=refusals(Forbidden, RateExists, Invalid))
    async def add_rate(self, data: JSONBody[NewRate], tx: Transaction, now: Now) -> TaxRate:
        """Add a rate of the company's own for a class, or for one HSN of it, from a day on."""
        return await service.add_rate(tx, _rate_of(data), now=now)

    @post("/gst/gstin-checks", status_code=200, opt=COMPUTES)
    async def check_gstin(self, data: JSONBody[GstinQuestion]) -> GstinFacts:
        """Whether a GSTIN is well-formed, and what it says about its holder."""
        return inspect_gstin(data.gstin)

    @get("/company-tax-profile", responses=refusals(Forbidden, SellerMissing))
    async def get_profile(self, tx: Transaction) -> Response[SellerProfile]:
        """The company as it stands on its invoices, its bank account too."""
        tx.actor.require("invoicing.read")
        profile = await service.get_seller(tx)
        return Response(profile, headers=etag(profile.version))

    @put(
        "/company-tax-profile",
        responses=refusals(Forbidden, GstinWrong, NumberFormatWrong, SellerWrong, StaleVersion),
    )
    async def put_profile(
        self, data: JSONBody[TaxProfile], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[SellerProfile]:
        """Set the profile. Documents already issued keep the one they were issued with."""
        before = await service.find_seller(tx)
        if before is not None:
            check_if_match(if_match, before.version)
        version = before.version if before and if_match else None
        profile = await service.save_seller(tx, data, now=now, version=version)
        return Response(profile, headers=etag(profile.version))


def _cart_of(question: TaxQuestion) -> Cart:
    gstin = question.buyer_gstin
    return Cart(
        lines=[msgspec.convert(line, CartLine, from_attributes=True) for line in question.lines],
        ship_state=question.ship_state,
        bill_state=question.bill_state,
        ship_country=question.ship_country,
        buyer_gstin=check_gstin(gstin, field="buyer_gstin") if gstin else None,
        is_sez=question.is_sez,
    )


def _rate_of(new: NewRate) -> TaxRate:
    rate, cess = Decimal(new.rate), Decimal(new.cess_rate)
    if rate > 100:
        raise Invalid("A rate is at most 100 percent.", field="rate")
    if new.valid_to and new.valid_to < new.valid_from:
        raise Invalid("A rate ends after it begins.", field="valid_to")
    return TaxRate(
        tax_class=new.tax_class,
        hsn_prefix=new.hsn_prefix,
        rate=rate,
        cess_rate=cess,
        cess_per_unit_minor=Decimal(new.cess_per_unit_minor),
        is_gst_on_cess=new.is_gst_on_cess,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        notification=new.notification,
    )
