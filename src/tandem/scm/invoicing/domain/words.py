"""Amounts and days as Indian documents write them."""

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from tandem.kernel.money import Money

NAMES = {
    "INR": ("Rupees", "Paise"),
    "USD": ("US Dollars", "Cents"),
    "EUR": ("Euros", "Cents"),
    "GBP": ("Pounds", "Pence"),
    "AED": ("UAE Dirhams", "Fils"),
    "SGD": ("Singapore Dollars", "Cents"),
}
SYMBOLS = {"INR": "₹"}


def amount(minor: int, currency: str) -> str:
    """12345650 paise is 1,23,456.50: lakhs and crores, no symbol."""
    money = Money(minor=minor, currency=currency)
    digits = -int(money.major().as_tuple().exponent)
    decimals = "." + "0" * digits if digits else ""
    return format_decimal(money.major(), format=f"#,##,##0{decimals}", locale="en_IN")


def with_symbol(minor: int, currency: str) -> str:
    symbol = SYMBOLS.get(currency)
    text = amount(abs(minor), currency)
    sign = "−" if minor < 0 else ""
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{currency} {text}"


def in_words(minor: int, currency: str) -> str:
    """`Rupees One Lakh Twenty-Three Thousand and Paise Fifty Only`."""
    whole, rest = divmod(Money(minor=minor, currency=currency).major(), Decimal(1))
    major, sub = NAMES.get(currency, (currency, "Cents"))
    said = f"{major} {_words(int(whole))}"
    hundredths = int(rest * 100)
    return f"{said} and {sub} {_words(hundredths)} Only" if hundredths else f"{said} Only"


def day(on: date) -> str:
    return format_date(on, "d MMM y", locale="en_IN")


CRORE = 10_000_000


def _words(number: int) -> str:
    """Above a crore, the crores are said first: One Lakh Crore is how a large sum is read."""
    from num2words import num2words  # type: ignore[import-untyped]  # it ships no types

    crores, rest = divmod(number, CRORE)
    if crores:
        return f"{_words(crores)} Crore {_words(rest)}" if rest else f"{_words(crores)} Crore"
    spelled = num2words(number, lang="en_IN").replace(",", "")
    return " ".join(
        word if word == "and" else "-".join(part.capitalize() for part in word.split("-"))
        for word in spelled.split()
    )
