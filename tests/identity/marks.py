"""A value of its own for every field that a role may keep back, and how it is found again."""

import re
from collections.abc import Mapping
from uuid import UUID

import asyncpg

FEW = 6
MARKS: Mapping[str, tuple[str, str]] = {
    "customer.gstin": ("customers.customer set gstin = '29AAGCB7383J1Z4'", "29AAGCB7383J1Z4"),
    "customer.pan": ("customers.customer set pan = 'KEPTP1001Q'", "KEPTP1001Q"),
    "customer.notes": ("customers.customer set notes = 'kept-1002'", "kept-1002"),
    "customer.emails": (
        "customers.contact_point set value = 'kept-1003-' || customer_id || '@x.test'"
        " where kind = 'email'",
        "kept-1003",
    ),
    "account.domain": ("customers.account set domain = 'kept-1010.test'", "kept-1010"),
    "account.gstin": ("customers.account set gstin = '27AAPFU0939F1ZV'", "27AAPFU0939F1ZV"),
    "account.industry": ("customers.account set industry = 'kept-1011'", "kept-1011"),
    "lead.email": ("sales.lead set email = 'kept-1020@x.test'", "kept-1020"),
    "lead.phone": ("sales.lead set phone = '+919811021021'", "9811021021"),
    "lead.job_title": ("sales.lead set job_title = 'kept-1022'", "kept-1022"),
    "lead.website": ("sales.lead set website = 'kept-1023.test'", "kept-1023"),
    "lead.description": ("sales.lead set description = 'kept-1024'", "kept-1024"),
    "lead.lost_reason": ("sales.lead set lost_reason = 'kept-1025'", "kept-1025"),
    "lead.score": ("sales.lead set score = 81026, fit_score = 81026", "81026"),
    "opportunity.amount_minor": (
        "sales.opportunity set amount_minor = 873103000", "873103000|87,31,030",
    ),
    "opportunity.probability": (
        "sales.opportunity set manual_probability = 37", '"manual_probability":37',
    ),
    "opportunity.next_step": ("sales.opportunity set next_step = 'kept-1032'", "kept-1032"),
    "opportunity.competitor": ("sales.opportunity set competitor = 'kept-1033'", "kept-1033"),
    "opportunity.lost_note": ("sales.opportunity set lost_note = 'kept-1034'", "kept-1034"),
    "opportunity.close_on": ("sales.opportunity set close_on = '2031-03-17'", "2031-03-17|17 Mar"),
    "quote.customer_email": ("sales.quote set customer_email = 'kept-1040@x.test'", "kept-1040"),
    "quote.customer_phone": ("sales.quote set customer_phone = '+919811041041'", "9811041041"),
    "quote.customer_gstin": (
        "sales.quote set customer_gstin = '24AAACC1206D1ZM'", "24AAACC1206D1ZM",
    ),
    "quote.ship_to": (
        "sales.quote set ship_to = jsonb_build_object('name', 'A', 'line1', 'B',"
        " 'city', 'kept-1044', 'postal_code', '560001')",
        "kept-1044",
    ),
    "quote.note": ("sales.quote set note = 'kept-1042'", "kept-1042"),
    "quote.terms": ("sales.quote set terms = 'kept-1043'", "kept-1043"),
    "quote.total_minor": (
        "sales.quote set total_minor = 874104000, taxable_minor = 874104000, tax_minor = 0,"
        " round_off_minor = 0",
        "874104000|87,41,040",
    ),
    "order.customer_email": ("orders.order set customer_email = 'kept-1050@x.test'", "kept-1050"),
    "order.customer_phone": ("orders.order set customer_phone = '+919811051051'", "9811051051"),
    "order.customer_gstin": (
        "orders.order set customer_gstin = '07AAECR2971C1Z6'", "07AAECR2971C1Z6",
    ),
    "order.ship_to": (
        "orders.order set ship_to = jsonb_set(ship_to, '{city}', '\"kept-1053\"')", "kept-1053",
    ),
    "order.bill_to": (
        "orders.order set bill_to = jsonb_set(bill_to, '{city}', '\"kept-1054\"')", "kept-1054",
    ),
    "order.total_minor": (
        "orders.order set total_minor = 885105500, taxable_minor = 885105500, tax_minor = 0,"
        " discount_minor = 0",
        "885105500|88,51,055",
    ),
    "order.paid_minor": ("orders.order set paid_minor = 884105600", "884105600|88,41,056"),
    "order.note": ("orders.order set note = 'kept-1052'", "kept-1052"),
    "complaint.customer_email": (
        "support.complaint set customer_email = 'kept-1060@x.test'", "kept-1060",
    ),
    "complaint.customer_phone": (
        "support.complaint set customer_phone = '+919811061061'", "9811061061",
    ),
    "complaint.rating_note": ("support.complaint set rating_note = 'kept-1062'", "kept-1062"),
    "product.description": ("catalog.product set description = 'kept-1070'", "kept-1070"),
    "product.brand": ("catalog.product set brand = 'kept-1071'", "kept-1071"),
    "product.barcode": ("catalog.variant set barcode = '4006381333931'", "4006381333931"),
    "product.price_minor": (
        "catalog.variant set price_minor = 875107000", "875107000|87,51,070|8751070",
    ),
    "stock.on_hand": ("inventory.level set on_hand = 81080, reserved = 5", "81080|81,080"),
    "stock.available": ("inventory.level set reserved = 5", "81075|81,075"),
    "stock.reorder_point": ("inventory.level set reorder_point = 81082", "81082|81,082"),
    "invoice.reason": ("invoicing.invoice set reason = 'kept-1090'", "kept-1090"),
    "invoice.buyer": (
        "invoicing.invoice set buyer = jsonb_set(buyer, '{name}', '\"kept-1091\"')", "kept-1091",
    ),
    "invoice.total_minor": (
        "invoicing.invoice set total_minor = 876109000, taxable_minor = 876109000, igst_minor = 0,"
        " cgst_minor = 0, sgst_minor = 0, cess_minor = 0, round_off_minor = 0",
        "876109000|87,61,090",
    ),
    "payment.amount_minor": (
        "payments.payment set amount_minor = 877110000, captured_minor = 877110000",
        "877110000|87,71,100",
    ),
    "payment.fee_minor": ("payments.payment set fee_minor = 878111000", "878111000|87,81,110"),
    "payment.tax_minor": ("payments.payment set tax_minor = 879112000", "879112000|87,91,120"),
    "payment.provider_payment_id": (
        "payments.payment set provider_payment_id = 'kept-1113'", "kept-1113",
    ),
    "payment.error": ("payments.payment set error = 'kept-1114'", "kept-1114"),
    "shipment.recipient_phone": (
        "shipping.shipment set recipient_phone = '+919811121121'", "9811121121",
    ),
    "shipment.ship_to": (
        "shipping.shipment set ship_to = jsonb_set(ship_to, '{city}', '\"kept-1126\"')",
        "kept-1126",
    ),
    "shipment.awb": ("shipping.shipment set awb = 'KEPT1122'", "KEPT1122"),
    "shipment.value_minor": (
        "shipping.shipment set value_minor = 871123000", "871123000|87,11,230",
    ),
    "shipment.cod_minor": ("shipping.shipment set cod_minor = 871124000", "871124000|87,11,240"),
    "shipment.weight_grams": (
        "shipping.shipment set weight_grams = 81125, charged_grams = 81125", "81125|81.125|81,125",
    ),
    "delivery.recipient_phone": (
        "delivery.delivery set recipient_phone = '+919811131131'", "9811131131",
    ),
    "delivery.ship_to": (
        "delivery.delivery set ship_to = jsonb_set(ship_to, '{city}', '\"kept-1134\"')",
        "kept-1134",
    ),
    "delivery.cod_minor": ("delivery.delivery set cod_minor = 872132000", "872132000|87,21,320"),
    "delivery.cash_minor": ("delivery.delivery set cash_minor = 872133000", "872133000|87,21,330"),
    "driver.phone": ("delivery.driver set phone = '+919811141141'", "9811141141"),
    "campaign.budget_minor": (
        "marketing.campaign set budget_minor = 873150000", "873150000|87,31,500",
    ),
    "campaign.cost_minor": ("marketing.campaign set cost_minor = 873151000", "873151000|87,31,510"),
    "message.recipient": ("notifications.message set recipient = 'kept-1160@x.test'", "kept-1160"),
    "message.text": ("notifications.message set text = 'kept-1161'", "kept-1161"),
}  # fmt: skip
"""Where each goes, and how it reads in answers and on pages."""
SOUGHT: Mapping[str, str] = {
    "customer.gstin": "29AAGCB7383J1Z4",
    "customer.emails": "kept-1003",
    "account.domain": "kept-1010.test",
    "lead.email": "kept-1020@x.test",
    "lead.phone": "9811021021",
    "order.customer_email": "kept-1050@x.test",
    "order.customer_phone": "+919811051051",
    "product.barcode": "4006381333931",
    "payment.provider_payment_id": "kept-1113",
    "shipment.recipient_phone": "+919811121121",
    "shipment.awb": "KEPT1122",
    "delivery.recipient_phone": "9811131131",
    "driver.phone": "9811141141",
    "message.recipient": "kept-1160@x.test",
}
"""What a search might be asked for it."""


async def set_marks(dsn: str, org_id: UUID) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("set session_replication_role = replica")
    for change_, _ in MARKS.values():
        word = "and" if " where " in change_ else "where"
        await connection.execute(f"update {change_} {word} org_id = '{org_id}'")
    await connection.close()


def is_told(text: str, mark: str) -> bool:
    """Few digits by themselves: within others they stand in some identifier or other."""
    return any(
        re.search(rf"(?<![0-9a-z]){one}(?![0-9a-z])", text)
        if one.isdigit() and len(one) <= FEW
        else one in text
        for one in mark.split("|")
    )
