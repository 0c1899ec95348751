"""Money: whole minor units and an ISO 4217 currency. Rates and tax are Decimal. Never a float."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from tandem.kernel.errors import Invalid

_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV
WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""ISO 4217, list one of 2026: what people pay with. Metals, funds and units of account are not."""

EXPONENT = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Minor digits per currency where it is not two (ISO 4217)."""

SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}


class Money(msgspec.Struct, frozen=True, kw_only=True):
    minor: int
    currency: str

    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-EXPONENT.get(self.currency, 2))


class UnknownCurrency(Invalid):
    code = "unknown_currency"


def check_currency(currency: str, *, field: str = "currency") -> None:
    if currency not in CURRENCIES:
        raise UnknownCurrency(
            f"There is no currency {currency!r}. Use its code by ISO 4217, such as INR or USD.",
            field=field,
        )


def scale_between(currency: str, home: str) -> Decimal:
    """Minor units of `home` for one of `currency` where one whole unit is worth one."""
    return Decimal(1).scaleb(EXPONENT.get(home, 2) - EXPONENT.get(currency, 2))


def in_figures(minor: int, currency: str = "INR") -> str:
    """₹1,23,456.00: lakh and crore grouping for rupees, thousands for the rest."""
    digits = EXPONENT.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    shown = _grouped(whole, 2 if currency == "INR" else 3)
    fraction = f".{part:0{digits}}" if digits else ""
    sign = "−" if minor < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{shown}{fraction}"


def _grouped(whole: int, step: int) -> str:
    text = str(whole)
    head, tail = text[:-3], text[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-step:])
        head = head[:-step]
    return ",".join([*groups, tail])


def round_half_up(amount: Decimal) -> int:
    """To the nearest whole unit; halves go away from zero, judged on the magnitude.

    Rounding first and negating later would turn -2.675 into 2.67, so the sign is put aside.
    """
    magnitude = int(abs(amount).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return -magnitude if amount < 0 else magnitude


def apportion(total: int, weights: list[int]) -> list[int]:
    """Share `total` in proportion to `weights`; the parts always sum to it exactly.

    The remainder goes to the last part that carries weight, as Indian practice does for freight.
    """
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    parts = [round_half_up(Decimal(total) * weight / whole) for weight in weights]
    last = max(index for index, weight in enumerate(weights) if weight)
    parts[last] += total - sum(parts)
    return parts
