"""Every field that a role may keep back, of every main object, looked for in every answer.

Each gets a value of its own, straight into its column. Whoever may see it finds it somewhere; who
may not finds it nowhere: no call, list, page, export or search has it.
"""

import re
from typing import Any

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
from tests.identity.marks import MARKS, SOUGHT, is_told, set_marks
from tests.identity.matrix.bodies import Bodies
from tests.identity.matrix.routes import Route, operation_of, routes
from tests.identity.matrix.world import fill

ALL = [f"{resource}.{name}" for resource, (_, names) in FIELDS.items() for name in names]
LEFT_OUT = (
    "/account/", "/companies", "/complaint/", "/consent", "/driver", "/embed/", "/f/", "/forgot",
    "/invitations", "/l/", "/o/", "/pay", "/q/", "/reset", "/scim", "/security", "/settings",
    "/sign-in", "/sso", "/static", "/track", "/u/", "/v1/driver/", "/v1/jira", "/v1/me",
    "/v1/openapi.json", "/v1/provider-callbacks", "/v1/public", "/console/stream",
    "/v1/deliveries/stream",
)  # fmt: skip
"""Streams tell topics and keys alone; the rest is of no company's records or for its buyers."""
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
    "GET /v1/gst/returns/gstr1",
    "GET /v1/invoices/{invoice_id}/einvoice.json",
    "GET /v1/invoices/{invoice_id}/pdf",
    "GET /shipments/pick-list",
    "GET /v1/pick-lists",
    "GET /v1/quotes/{quote_id}/pdf",
    "GET /v1/settlements/{settlement_id}/export",
    "GET /v1/shipments/{shipment_id}/label",
    "GET /v1/shipments/{shipment_id}/pick-list",
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
    await set_marks(owner_dsn, company.org_id)
    return made


async def test_what_a_role_hides_is_in_no_answer_no_page_no_file_and_found_by_no_search(
    app: Litestar, database: Database, walk: Walk
) -> None:
    async with browsing(app, database, walk.company, "asha") as asha:
        shown = [await asha.get(path.format(**walk.known)) for path in SHOWN]
    everything = " ".join(answer.text for answer in shown)
    unseen = [field for field, (_, mark) in MARKS.items() if not is_told(everything, mark)]
    assert unseen == [], "who may see them does"
    async with browsing(app, database, walk.company, "vera") as vera:
        told = []
        for route in walk.reads():
            answer = await walk.ask(vera, route)
            if answer is None:
                continue
            told += [
                f"{route}: {name}"
                for name, (_, mark) in MARKS.items()
                if is_told(answer.text, mark)
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
