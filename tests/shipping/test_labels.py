"""The label: right text, real bars, one page a parcel, the same bytes every time."""

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import msgspec
import pytest
import segno

from tandem.contracts.address import Address
from tandem.contracts.shipping import ShipmentItem
from tandem.kernel.ids import new_id
from tandem.kernel.typesetting import bars, qr_svg
from tandem.scm.shipping.domain.labels import label_of
from tandem.scm.shipping.domain.shipments import LabelNotReady, Parcel, Sender, Shipment
from tandem.scm.shipping.domain.statuses import Status
from tandem.scm.shipping.gateways.printer import typeset_pdf
from tests.shipping.code128 import decode
from tests.shipping.givens import HOME, WAREHOUSE

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LINK = "https://shop.example/track/abcdefghijklmnopqrstuv"
SVG = "{http://www.w3.org/2000/svg}"


def shipment(**changes: object) -> Shipment:
    item = ShipmentItem(
        order_line_id=new_id(),
        variant_id=new_id(),
        sku="TEA-250",
        title="Assam Tea, 250 g",
        quantity=2,
        weight_grams=290,
    )
    base = Shipment(
        id=new_id(), number="SHP-100001", public_token="t" * 22, order_id=new_id(),
        order_number="R1001", carrier="own_fleet", awb=None, status=Status.READY,
        base_status=Status.READY, carrier_status=None, status_at=NOW,
        sender=Sender(name="Bengaluru hub", address=WAREHOUSE, time_zone="Asia/Kolkata"),
        ship_to=HOME, recipient_phone="+919845012345", weight_grams=1580, charged_grams=1580,
        value_minor=20_000, cod_minor=0, currency="INR", promised_first_on=date(2026, 11, 24),
        promised_on=date(2026, 11, 25), attempts=0, picked_up_at=None, delivered_at=None,
        delivered_on=None, is_on_time=None, cancel_reason="", manifest_id=None, version=1,
        created_at=NOW, updated_at=NOW, items=[item],
        parcels=[Parcel(number="SHP-100001-1", weight_grams=1580, length_mm=160, width_mm=90,
                        height_mm=65)],
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def test_the_sheet_says_where_what_and_how_much() -> None:
    sheet = label_of(shipment(cod_minor=12_345_678), carrier="Own fleet", tracking_url=LINK)
    assert (sheet.payment, sheet.is_cod) == ("₹1,23,456.78", True)
    assert sheet.recipient.lines == [
        "12 Church Street", "Flat 4B", "Near Metro station", "Bengaluru, Karnataka",
    ]  # fmt: skip
    assert (sheet.recipient.pin, sheet.recipient.phone) == ("560001", "+919845012345")
    assert (sheet.promised_on, sheet.contents) == ("25 Nov 2026", "2 × Assam Tea, 250 g")
    parcel = sheet.parcels[0]
    assert (parcel.place, parcel.weight, parcel.size) == ("1 of 1", "1.58 kg", "16 × 9 × 6.5 cm")
    paid = label_of(shipment(), carrier="Own fleet", tracking_url=LINK)
    assert (paid.payment, paid.is_cod) == ("PREPAID", False)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.LABEL_PENDING, Status.CANCELLED])
def test_a_shipment_without_its_number_or_cancelled_has_no_label(status: Status) -> None:
    with pytest.raises(LabelNotReady):
        label_of(shipment(status=status), carrier="Own fleet", tracking_url=LINK)


@pytest.mark.parametrize("number", ["SHP-100001", "SHP-99999999", "A1b2-C3"])
def test_the_bars_read_back_as_the_number(number: str) -> None:
    assert decode(_widths(bars(number).svg)) == number


def _widths(svg: str) -> list[float]:
    """Bar, gap, bar, … in modules, from the drawing's rectangles."""
    drawn = ElementTree.fromstring(svg).iter(f"{SVG}rect")  # noqa: S314  our own drawing
    places = [(float(bar.get("x", "")), float(bar.get("width", ""))) for bar in drawn]
    widths = []
    for (x, width), (after, _) in zip(places, [*places[1:], (0.0, 0.0)], strict=True):
        widths += [width, after - x - width]
    return widths[:-1]


def test_the_square_code_is_that_of_the_tracking_link() -> None:
    drawn = ElementTree.fromstring(qr_svg(LINK))  # noqa: S314  our own drawing
    side = segno.make(LINK, error="m", micro=False).symbol_size(scale=4, border=0)[0]
    assert drawn.get("width") == str(side)
    assert qr_svg(LINK) == qr_svg(LINK) != qr_svg(LINK + "x")


def pages_of(pdf: bytes) -> list[bytes]:
    return re.findall(rb"/MediaBox ?\[([^\]]*)\]", pdf)


def test_a_label_is_four_by_six_inches_a_page_for_each_parcel_and_always_the_same() -> None:
    parcels = [
        Parcel(number=f"SHP-100001-{n}", weight_grams=500, length_mm=0, width_mm=0, height_mm=0)
        for n in (1, 2, 3)
    ]
    sheet = label_of(shipment(parcels=parcels), carrier="Own fleet", tracking_url=LINK)
    first, second = typeset_pdf(sheet), typeset_pdf(sheet)
    assert first == second
    assert first.startswith(b"%PDF-1.7")
    assert pages_of(first) == [b"0 0 288 432"] * 3


def test_the_longest_address_a_form_takes_still_fits_on_one_page() -> None:
    long = Address(
        name="Wolfeschlegelsteinhausenbergerdorff " * 2 + "the Younger of that Name",
        line1="Door 12 " * 24,
        line2="Behind the Temple " * 11,
        landmark="Opposite the Lake " * 11,
        city="Thiruvananthapuram " * 5,
        state_code="32",
        postal_code="695001",
        phone="+919845012345",
    )
    sheet = label_of(
        shipment(ship_to=long, cod_minor=99_999_999, awb="AWB1234567890",
                 sender=Sender(name="Hub", address=long, time_zone="Asia/Kolkata")),
        carrier="Other carrier",
        tracking_url=LINK * 3,
    )  # fmt: skip
    assert len(pages_of(typeset_pdf(sheet))) == 1
