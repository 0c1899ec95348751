"""Every field that a role may keep back, of every main object, looked for in every answer.

Each gets a value of its own, straight into its column. Whoever may see it finds it somewhere; who
may not finds it nowhere: no call, list, page, export or search has it.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import FIELDS, Role
from tandem.kernel.db import Database
from tandem.kernel.http.fields import resources_of
from tests.identity.company import Company, browsing, change, found
from tests.identity.matrix.bodies import Bodies
from tests.identity.matrix.routes import Route, operation_of, routes
from tests.identity.matrix.world import fill

ALL = [f"{resource}.{name}" for resource, (_, names) in FIELDS.items() for name in names]
LEFT_OUT = (
    "/account/", "/companies", "/complaint/", "/consent", "/driver", "/embed/", "/f/", "/forgot",
    "/invitations", "/l/", "/o/", "/pay", "/q/", "/reset", "/scim", "/security", "/settings",
    "/sign-in", "/sso", "/static", "/track", "/u/", "/v1/driver/", "/v1/jira", "/v1/me",
    "/v1/openapi.json", "/v1/provider-callbacks", "/v1/public", "/console/stream", "/v1/deliveries/stream",
)  # fmt: skip
"""Streams tell topics and keys alone; the rest is of no company's records or for its buyers."""
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


SHOWN = (
    "/v1/customers/{customer_id}", "/v1/accounts/{account_id}", "/v1/leads/{lead_id}",
    "/v1/opportunities/{opportunity_id}", "/v1/quotes/{quote_id}", "/v1/orders/{order_id}",
    "/v1/complaints/{complaint_id}", "/v1/products/{product_id}", "/v1/stock", "/v1/stock/audit",
    "/v1/invoices/{invoice_id}", "/v1/payments/{payment_id}", "/v1/shipments/{shipment_id}",
    "/v1/deliveries/{delivery_id}", "/v1/drivers/{driver_id}", "/v1/campaigns/{campaign_id}",
    "/v1/messages/{message_id}",
)  # fmt: skip
WHOLE = frozenset({
    "GET /deals/{deal_id}/lines",
    "GET /customers/{customer_id}/personal-data",
    "GET /v1/customers/{customer_id}/personal-data",
    "GET /v1/invoices/{invoice_id}/pdf",
    "GET /v1/quotes/{quote_id}/pdf",
    "GET /v1/settlements/{settlement_id}/export",
    "GET /v1/shipments/{shipment_id}/label",
})  # fmt: skip
"""A document is told as it is or not at all; so are a deal's prices, which are written together."""
SEARCHES = frozenset({"q", "search", "text", "number"})
PAGES_THAT_SEARCH = frozenset(
    {
        "/accounts", "/campaigns", "/complaints", "/console/find", "/console/suggest/customers",
        "/console/suggest/variants", "/customers", "/deals", "/dispatch/search", "/leads",
        "/orders", "/payments", "/products", "/quotes", "/stock",
    }
)  # fmt: skip
NOTHING = "nobody-has-this"
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


class Walk(msgspec.Struct):
    """One company with a record of every kind, and how a route is asked about them."""

    app: Litestar
    company: Company
    known: dict[str, Any]
    schema: dict[str, Any]
    bodies: Bodies

    async def ask(
        self, client: httpx.AsyncClient, route: Route, **query: str
    ) -> httpx.Response | None:
        """None where nothing is there that the path could name."""
        if any(name not in self.known for name in route.names):
            return None
        known = dict(self.known)
        if "/accounts/{subject_id}" in route.path:
            known["subject_id"] = self.known["account_id"]
        asked = operation_of(self.schema, route).get("parameters", ())
        needed = {
            one["name"]: self.bodies.made(one["schema"])
            for one in asked
            if one["in"] == "query" and one.get("required")
        }
        return await client.get(route.path.format(**known), params=needed | query)

    def reads(self) -> list[Route]:
        return [
            route
            for route in routes(self.app)
            if route.is_read and not f"{route.path}/".startswith(LEFT_OUT)
        ]


@pytest.fixture
async def database(settings: Settings, opened: Database) -> Database:
    """Without the invariants: what is written here is written past every service."""
    return Database(opened.pool)


@pytest.fixture
async def walk(app: Litestar, database: Database, owner_dsn: str) -> Walk:
    now = database.clock.now()
    company = await found(database, now)
    known, _ = await fill(app, database, company, now)
    schema = app.openapi_schema.to_schema()
    async with database.transaction(company.actor()) as tx:
        hiding = Role(key="discreet", name="Discreet", grants=["*"], hidden=ALL)
        looking = Role(key="looking", name="Looking", grants=["*"], read_only=ALL)
        for role in (hiding, looking):
            await identity.add_role(tx, role, now=now)
    await change(company, database, "vera", now, role_keys=["discreet"])
    await change(company, database, "sam", now, role_keys=["looking"])
    made = Walk(app, company, known, schema, Bodies(schema, known))
    async with browsing(app, database, company, "asha") as asha:
        await _deals(asha, made)
    await _mark(owner_dsn, company.org_id)
    return made


async def test_what_a_role_hides_is_in_no_answer_no_page_no_file_and_found_by_no_search(
    app: Litestar, database: Database, walk: Walk
) -> None:
    async with browsing(app, database, walk.company, "asha") as asha:
        shown = [await asha.get(path.format(**walk.known)) for path in SHOWN]
    everything = " ".join(answer.text for answer in shown)
    unseen = [field for field, (_, mark) in MARKS.items() if not _has(everything, mark)]
    assert unseen == [], "who may see them does"
    async with browsing(app, database, walk.company, "vera") as vera:
        told = []
        for route in walk.reads():
            answer = await walk.ask(vera, route)
            if answer is None:
                continue
            told += [
                f"{route}: {name}" for name, (_, mark) in MARKS.items() if _has(answer.text, mark)
            ]
            wanted = {403} if str(route) in WHOLE else {200, 303, 404, 422}
            if answer.status_code not in wanted:
                told.append(f"{route}: {answer.status_code} {answer.text[:200]}")
        assert told == []
        assert await _found(walk, vera) == []


async def _found(walk: Walk, vera: httpx.AsyncClient) -> list[str]:
    """Searches that find something by a hidden value that they do not find by any."""
    found = []
    for route in walk.reads():
        for word in SEARCHES & _text_questions(walk, route):
            nothing = await walk.ask(vera, route, **{word: NOTHING})
            for field, sought in SOUGHT.items():
                answer = await walk.ask(vera, route, **{word: sought})
                assert answer is not None and nothing is not None
                if _records(walk, answer) - _records(walk, nothing):
                    found.append(f"{route}?{word}: {field}")
    return found


def _records(walk: Walk, answer: httpx.Response) -> set[str]:
    """The company's records that it tells of."""
    told = answer.text + answer.headers.get("location", "")
    return {name for name, value in walk.known.items() if len(value) == 36 and value in told}


def _text_questions(walk: Walk, route: Route) -> set[str]:
    if not route.path.startswith("/v1"):
        return {"q"} if route.path in PAGES_THAT_SEARCH else set()
    asked = operation_of(walk.schema, route).get("parameters", ())
    return {one["name"] for one in asked if one["in"] == "query"}


def _has(text: str, mark: str) -> bool:
    """Few digits by themselves: within others they stand in some identifier or other."""
    return any(
        re.search(rf"(?<![0-9a-z]){one}(?![0-9a-z])", text)
        if one.isdigit() and len(one) <= FEW
        else one in text
        for one in mark.split("|")
    )


async def _deals(asha: httpx.AsyncClient, world: Walk) -> None:
    """What the matrix has no record of yet."""
    buyer = str(world.company.customers["rina"])
    lead = await asha.post("/v1/leads", json={"name": "Lena", "email": "lena@x.test"})
    assert lead.status_code in {200, 201}, lead.text
    told = lead.json()
    world.known["lead_id"] = told.get("lead", told)["id"]
    deal = await asha.post("/v1/opportunities", json={"title": "Tea", "customer_id": buyer})
    assert deal.status_code == 201, deal.text
    world.known["opportunity_id"] = world.known["deal_id"] = deal.json()["id"]
    world.known["pipeline_id"] = deal.json()["pipeline_id"]
    sku = world.known["sku"]
    lines = await asha.put(
        f"/v1/opportunities/{deal.json()['id']}/lines",
        json={"lines": [{"sku": sku, "quantity": 2}]},
    )
    assert lines.status_code == 200, lines.text
    made = {
        "quote_id": ("/v1/quotes", {"opportunity_id": deal.json()["id"]}),
        "account_id": ("/v1/accounts", {"name": "Kept & Co"}),
        "complaint_id": (
            "/v1/complaints",
            {"category": "other", "subject": "Late", "order_id": world.known["order_id"]},
        ),
    }
    for name, (path, body) in made.items():
        answer = await asha.post(path, json=body)
        assert answer.status_code == 201, answer.text
        world.known[name] = answer.json()["id"]


async def _mark(dsn: str, org_id: UUID) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("set session_replication_role = replica")
    for change_, _ in MARKS.values():
        word = "and" if " where " in change_ else "where"
        await connection.execute(f"update {change_} {word} org_id = '{org_id}'")
    await connection.close()


async def test_what_is_kept_back_is_refused_in_every_body_and_every_question(
    app: Litestar, database: Database, walk: Walk
) -> None:
    """Wherever an answer shows a resource: its kept fields, named in a body or asked for."""
    refused = 0
    wrong = []
    async with (
        browsing(app, database, walk.company, "vera") as hidden_from,
        browsing(app, database, walk.company, "sam") as looking,
    ):
        for method, path, resource in sorted(_shows(walk)):
            if any(name not in walk.known for name in Route(method, path, _names(path)).names):
                continue
            at = path.format(**walk.known)
            for field in FIELDS[resource][1]:
                if method == "GET":
                    answer = await hidden_from.get(at, params={"sort": f"-{field}"})
                else:
                    answer = await looking.request(method, at, json={field: None})
                told = answer.json()
                refused += 1
                if (answer.status_code, told.get("code")) != (403, "field_kept_back"):
                    wrong.append(f"{method} {path} {field}: {answer.status_code} {told}")
                elif method != "GET" and told["field"] != field:
                    wrong.append(f"{method} {path} names {told['field']}")
        answer = await looking.post("/v1/product-imports", content=b"sku,price\nX-1,5\n")
        assert (answer.status_code, answer.json()["code"]) == (403, "field_kept_back")
    assert wrong == []
    assert refused > 500


def _shows(walk: Walk) -> set[tuple[str, str, str]]:
    """Each route of the API and a resource that its answer shows."""
    found = set()
    for route in walk.app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith("/v1/"):
            continue
        for handler in route.route_handlers:
            if handler.opt.get("public"):
                continue
            path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            for method in handler.http_methods & {"GET", "POST", "PUT", "PATCH"}:
                found |= {(str(method), path, one) for one in resources_of(handler)}
    return found


def _names(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\{(\w+)\}", path))
