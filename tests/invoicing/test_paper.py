"""What is printed: words, codes, titles, and a PDF that stays the same."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from tandem.scm.invoicing.domain import words
from tandem.scm.invoicing.domain.documents import Buyer, Invoice, InvoiceLine, sum_of
from tandem.scm.invoicing.domain.printing import sheet_of, upi_link
from tandem.scm.invoicing.gateways.typesetter import print_pdf, typeset_pages
from tandem.scm.invoicing.service.selling import DEMO_SELLER
from tests.invoicing.givens import address


@pytest.mark.parametrize(
    ("minor", "said"),
    [
        (0, "Rupees Zero Only"),
        (5, "Rupees Zero and Paise Five Only"),
        (10000, "Rupees One Hundred Only"),
        (100001, "Rupees One Thousand and Paise One Only"),
        (12345650, "Rupees One Lakh Twenty-Three Thousand Four Hundred and Fifty-Six and Paise"
         " Fifty Only"),
        (1012345600, "Rupees One Crore One Lakh Twenty-Three Thousand Four Hundred and Fifty-Six"
         " Only"),
        (10**14, "Rupees One Lakh Crore Only"),
    ],
)  # fmt: skip
def test_amounts_are_said_in_lakhs_and_crores(minor: int, said: str) -> None:
    assert words.in_words(minor, "INR") == said


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (12345650, "INR", "1,23,456.50"),
        (1234567890, "INR", "1,23,45,678.90"),
        (99, "INR", "0.99"),
        (-150, "INR", "-1.50"),
        (1500, "JPY", "1,500"),
        (1500, "KWD", "1.500"),
    ],
)
def test_amounts_are_grouped_as_in_india(minor: int, currency: str, written: str) -> None:
    assert words.amount(minor, currency) == written


def test_the_upi_code_asks_for_what_is_still_due() -> None:
    link = upi_link(
        upi_id="tandemdemo@upi", name="Tandem Demo", amount_minor=118050, number="INV/26-27/000001"
    )
    assert link == (
        "upi://pay?pa=tandemdemo@upi&pn=Tandem%20Demo&am=1180.50&cu=INR"
        "&tr=INV26-27000001&tn=Invoice%20INV%2F26-27%2F000001"
    )


def line(number: int, *, tax_class: str = "standard", title: str = "Thing") -> InvoiceLine:
    return InvoiceLine(
        id=UUID(int=number),
        line_no=number,
        order_line_id=UUID(int=number),
        sku=f"SKU-{number}",
        title=title,
        hsn="61149090",
        unit="NOS",
        quantity=2,
        unit_price_minor=5900,
        price_includes_tax=True,
        discount_minor=0,
        tax_class=tax_class,
        tax_rate="0" if tax_class == "exempt" else "18",
        taxable_minor=11800 if tax_class == "exempt" else 10000,
        cgst_minor=0 if tax_class == "exempt" else 900,
        sgst_minor=0 if tax_class == "exempt" else 900,
        igst_minor=0,
        cess_minor=0,
        total_minor=11800,
    )


def invoice(*lines: InvoiceLine, paid: bool = True, kind: str = "INV") -> Invoice:
    amounts = sum_of(lines)
    return Invoice(
        id=uuid4(),
        kind=kind,  # type: ignore[arg-type]  # one of the two, by the tests below
        series=kind,
        fy="2026-27",
        seq=1,
        number=f"{kind}/26-27/000001",
        original_id=None,
        original_number="INV/26-27/000009" if kind == "CRN" else None,
        credit_no=None,
        order_id=uuid4(),
        order_number="SO-1001",
        customer_id=uuid4(),
        refund_id=None,
        reason="Came back" if kind == "CRN" else "",
        issued_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        issued_on=date(2026, 11, 22),
        buyer=Buyer(name="Meera Krishnamurthy", gstin=None, address=address()),
        ship_to=address(),
        place_of_supply="29",
        supply_kind="B2C",
        clause="IGST Act s.10(1)(ca)",
        is_inter_state=False,
        payment_method="prepaid" if paid else "cod",
        paid_minor=amounts.total_minor if paid else 0,
        currency="INR",
        **msgspec.structs.asdict(amounts),
        round_off_minor=0,
        total_minor=amounts.total_minor,
        irn="",
        prev_hash="0" * 64,
        hash="ab12cd34ef56ab78" * 4,
        seller=DEMO_SELLER,
        lines=list(lines),
    )


def test_the_sheet_says_what_the_law_asks_for() -> None:
    sheet = sheet_of(invoice(line(1), line(2)))
    assert (sheet.title, sheet.copy_mark) == ("Tax invoice", "ORIGINAL FOR RECIPIENT")
    other = sheet_of(invoice(line(1)), copy="duplicate")
    assert other.copy_mark == "DUPLICATE FOR TRANSPORTER"
    assert sheet.seller.gstin == "29AAACT9999D1ZN"
    assert ("Place of supply", "Karnataka (29)") in sheet.facts
    assert sheet.by_hsn == [["61149090", "18%", "200.00", "18.00", "18.00", "36.00"]]
    assert sheet.totals == [("Taxable value", "200.00"), ("CGST", "18.00"), ("SGST", "18.00")]
    assert (sheet.grand_total, sheet.settled) == ("₹236.00", [("Paid", "₹236.00")])
    assert '"TotInvVal":"236.00"' in sheet.qr


def test_cash_on_delivery_prints_a_payment_code() -> None:
    sheet = sheet_of(invoice(line(1), paid=False))
    assert sheet.settled == [("To pay on delivery", "₹118.00")]
    assert "am=118.00" in sheet.qr


@pytest.mark.parametrize(
    ("classes", "title"),
    [
        (["standard"], "Tax invoice"),
        (["exempt"], "Bill of supply"),
        (["standard", "exempt"], "Invoice-cum-bill of supply"),
    ],
)
def test_the_title_follows_what_is_sold(classes: list[str], title: str) -> None:
    lines = [line(place, tax_class=name) for place, name in enumerate(classes, start=1)]
    assert sheet_of(invoice(*lines)).title == title


def test_a_credit_note_names_its_invoice_with_its_day() -> None:
    sheet = sheet_of(invoice(line(1), kind="CRN"), original_issued_on=date(2026, 11, 20))
    assert sheet.facts[0] == ("Against invoice", "INV/26-27/000009 of 20 Nov 2026")
    assert ("Reason", "Came back") in sheet.facts
    assert (sheet.bank, sheet.grand_label) == ([], "Total credited")


async def test_the_same_document_is_the_same_file() -> None:
    document = invoice(line(1))
    files = [await print_pdf(sheet_of(document), issued_at=document.issued_at) for _ in range(2)]
    assert files[0] == files[1]
    assert files[0].startswith(b"%PDF-")
    assert b"pdfaid:part" in files[0]


def test_forty_lines_with_long_names_run_over_pages() -> None:
    title = "Hand-thrown terracotta water dispenser with a brass tap and six tumblers"
    few = typeset_pages(sheet_of(invoice(line(1))), dots_per_inch=40)
    many = typeset_pages(
        sheet_of(invoice(*(line(place, title=title) for place in range(1, 41)))), dots_per_inch=40
    )
    assert (len(few), len(many)) == (1, 3)
    assert all(page.startswith(b"\x89PNG") for page in [*few, *many])
