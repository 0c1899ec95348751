"""The promise for a basket, and the settings it comes from."""

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import JSONBody, QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.contracts.countries import check_country
from tandem.contracts.india import PIN, STATES, PostalCodeWrong, states_of_pin
from tandem.contracts.shipping import Promise, PromiseAsk
from tandem.kernel.errors import Forbidden, Invalid, StaleVersion
from tandem.kernel.http import COMPUTES, IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.kernel.patterns import whole
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.calendars import CalendarWrong, NoWorkingDay
from tandem.scm.shipping.domain.configuration import Configuration, SettingsWrong

PIN_SHAPE = "An Indian PIN code has six digits, the first not 0."
QUOTED_DAYS_MAX = timedelta(days=3 * 366)


class NewQuote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`purchased_at` is now where it is left out."""

    postal_code: Annotated[str, msgspec.Meta(min_length=3, max_length=12, pattern=PRINTABLE)]
    country: Annotated[str, msgspec.Meta(pattern=whole("[A-Z]{2}"))] = "IN"
    purchased_at: datetime | None = None


class QuoteController(Controller):
    path = "/v1/edd-quotes"
    tags = ("shipping",)

    @post("/", opt=COMPUTES, responses=refusals(Forbidden, PostalCodeWrong, Invalid, NoWorkingDay))
    async def quote(self, data: JSONBody[NewQuote], tx: Transaction, now: Now) -> Promise:
        """The day a purchase would be promised for, and how it comes about."""
        tx.actor.require("shipping.read")
        check_country(data.country)
        if data.country == "IN" and not PIN.fullmatch(data.postal_code):
            raise PostalCodeWrong(PIN_SHAPE, field="postal_code")
        purchased_at = data.purchased_at or now
        if purchased_at.tzinfo is None:
            raise Invalid("Give the instant with its offset.", field="purchased_at")
        if abs(purchased_at - now) > QUOTED_DAYS_MAX:
            raise Invalid("Ask about the last or the next three years.", field="purchased_at")
        ask = PromiseAsk(
            postal_code=data.postal_code, country=data.country, purchased_at=purchased_at
        )
        return (await service.promise(tx, [ask], now=now))[0]


class Serviceability(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is the one the PIN most likely lies in; `promised_on` is for a purchase this moment,
    and left out where nothing is delivered."""

    pin: str
    state: str | None
    zone: str
    prepaid: bool
    cod: bool
    promised_on: date | None


class ServiceabilityController(Controller):
    path = "/v1/serviceability"
    tags = ("shipping",)

    @get("/", responses=refusals(Forbidden, PostalCodeWrong, NoWorkingDay))
    async def ask(
        self, tx: Transaction, now: Now, pin: Annotated[str, QueryParameter(max_length=12)] = ""
    ) -> Serviceability:
        """Whether a PIN is delivered to, paid before and with cash at the door, and when."""
        tx.actor.require("shipping.read")
        if not PIN.fullmatch(pin):
            raise PostalCodeWrong(PIN_SHAPE, field="pin")
        ask = PromiseAsk(postal_code=pin, purchased_at=now)
        [there] = await service.promise(tx, [ask], now=now)
        states = states_of_pin(pin)
        return Serviceability(
            pin=pin,
            state=STATES[states[0]] if states else None,
            zone=there.zone,
            prepaid=there.prepaid,
            cod=there.cod,
            promised_on=there.promised_on if there.prepaid or there.cod else None,
        )


class SettingsController(Controller):
    path = "/v1/shipping-settings"
    tags = ("shipping",)

    @get("/", responses=refusals(Forbidden))
    async def get_settings(self, tx: Transaction) -> Response[Configuration]:
        """Origins with calendars and cut-offs, zones, transit days, floor. Version 0 is the usual
        settings, never saved."""
        plan = await service.get_settings(tx)
        return Response(plan.configuration, headers=etag(plan.version))

    @put("/", responses=refusals(Forbidden, StaleVersion, SettingsWrong, CalendarWrong))
    async def put_settings(
        self, data: JSONBody[Configuration], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[Configuration]:
        """Replace the settings whole; promises made before stay as they are."""
        check_if_match(if_match, await service.lock_settings(tx))
        plan = await service.save_settings(tx, data, now=now)
        return Response(plan.configuration, headers=etag(plan.version))
