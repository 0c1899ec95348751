"""From a form on a page to somebody's desk, and from a deal to a paid order."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tandem.crm.sales.domain.proofs import solve
from tandem.sandbox.city import build_city
from tests.flows.life import Json
from tests.flows.story.teller import Teller
from tests.waiting import until

QUOTE = re.compile(r"https?://\S+(/q/[\w.-]+)")
FIT, SENT = 10, 25
"""Points for where the lead comes from and for the form."""


class Winning(Teller):
    def set_up(self) -> Json:
        """A form, points for sending it, and a rule who gets what it brings."""
        form: Json = self.call("POST", "/v1/lead-forms", wants=201, json=self._form())
        for name, area, points, rule in (
            ("Near us", "fit", FIT, {"field": "source", "op": "is", "value": form["source"]}),
            ("Sent it", "behaviour", SENT, self._sent(form)),
        ):
            draft = {"name": f"{name} {self.mark}", "area": area, "points": points, "rule": rule}
            self.call("POST", "/v1/score-rules", wants=201, json=draft)
        people = self.call("GET", "/v1/users")
        self.rep = next(one for one in people if one["is_active"])
        given = {
            "name": f"Story {self.mark}",
            "condition": {"field": "source", "op": "is", "value": form["source"]},
            "strategy": "owner",
            "owner_id": self.rep["id"],
        }
        rule = self.call("POST", "/v1/assignment-rules", wants=201, json=given)
        ids = [one["id"] for one in self.call("GET", "/v1/assignment-rules")]
        first = [rule["id"], *(one for one in ids if one != rule["id"])]
        self.call("PUT", "/v1/assignment-rules", json={"ids": first})
        self.say("a form, its points and whose it is")
        return form

    def _form(self) -> Json:
        return {
            "name": f"Story {self.mark}",
            "title": "Tea for your counter",
            "effort": "light",
            "source": f"Story {self.mark}",
            "fields": [
                {"key": "name", "is_required": True},
                {"key": "email", "is_required": True},
                {"key": "phone"},
                {"key": "company_name"},
                {"key": "city"},
            ],
            "consents": [
                {
                    "purpose": "marketing",
                    "channels": ["email"],
                    "text": "Write to me about new teas.",
                    "notice_version": "2026-11",
                }
            ],
        }

    @staticmethod
    def _sent(form: Json) -> Json:
        return {
            "event": "form_submitted",
            "where": [{"field": "form_id", "op": "is", "value": form["id"]}],
        }

    def fill_in(self, form: Json) -> None:
        """As a browser does: the page, the puzzle, two seconds, the answer."""
        marks = {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "diwali"}
        page = self.buyer.get(f"/f/{form['slug']}", params=marks)
        assert page.status_code == 200 and "Tea for your counter" in page.text
        path = f"/v1/public/forms/{form['slug']}"
        opened = datetime.now(UTC)
        puzzle = self.buyer.get(f"{path}/challenge").json()
        numbers = solve(puzzle["challenge"], puzzle["bits"])
        until(lambda: datetime.now(UTC) - opened > timedelta(seconds=2.1))
        body = {
            "values": {
                "name": "Meera Nair",
                "email": self.email.upper(),
                "phone": self.phone,
                "company_name": self.company,
                "city": "Bengaluru",
            },
            "consents": ["marketing"],
            "touch": marks,
            "proof": {"challenge": puzzle["challenge"], "numbers": numbers},
        }
        answer = self.buyer.post(f"{path}/submissions", json=body)
        assert answer.status_code == 202, answer.text
        self.say("a visitor sent the form, coming from google / diwali")

    def take_lead(self) -> Json:
        """Captured, scored to the point and given away, each with its reason."""

        def ready() -> Json | None:
            found = self.call("GET", "/v1/leads", params={"q": self.email})["items"]
            return next((one for one in found if one["score"] and one["owner_id"]), None)

        lead = until(ready, "the lead, scored and given away")
        touch = lead["first_touch"]
        assert (touch["utm_source"], touch["utm_campaign"]) == ("google", "diwali")

        def ours() -> list[int]:
            """Points of this story's rules; others may give some too."""
            score = self.call("GET", f"/v1/leads/{lead['id']}/score")
            assert score["score"] == sum(one["points"] for one in score["lines"])
            return [one["points"] for one in score["lines"] if self.mark in one["reason"]]

        until(lambda: sum(ours()) == FIT + SENT, "both awards")
        (entry,) = self.call("GET", f"/v1/leads/{lead['id']}/assignments")
        assert (entry["owner_id"], entry["rule_name"]) == (self.rep["id"], f"Story {self.mark}")
        self.say(f"lead {lead['number']}: {lead['score']} points, {self.rep['name']} has it")
        return lead

    def convert(self, lead: Json) -> Json:
        """Qualified, then customer, account and deal in one step, however often it is asked."""
        path = f"/v1/leads/{lead['id']}"
        self.call("POST", f"{path}/qualification", wants=201, json={})
        wish = {"id": str(uuid4()), "title": f"Tea corner {self.mark}"}
        done: Json = self.call("POST", f"{path}/conversion", wants=201, json=wish)
        assert self.call("POST", f"{path}/conversion", wants=201, json=wish) == done
        assert done["customer_id"] and done["account_id"] and done["opportunity_id"]
        (account,) = self.call("GET", f"/v1/customers/{done['customer_id']}/accounts")
        assert account["account_name"] == self.company, account
        path = f"/v1/customers/{done['customer_id']}/consents"
        (stands,) = until(lambda: self.call("GET", path), "the consent that was ticked")
        assert (stands["purpose"], stands["state"]) == ("marketing", "granted")
        self.say("qualified and converted: customer, account, deal, consent")
        return done

    def move_over_the_board(self, deal_id: str) -> None:
        deal = self.call("GET", f"/v1/opportunities/{deal_id}")
        stages = self.call("GET", f"/v1/pipelines/{deal['pipeline_id']}")["stages"]
        skus = [one["sku"] for one in self.call("GET", "/v1/variants?limit=2")["items"]]
        lines = [
            {"sku": skus[0], "quantity": 3, "discount_percent": "10"},
            {"sku": skus[1], "quantity": 2},
        ]
        path = f"/v1/opportunities/{deal_id}"
        self.call("PATCH", path, json={"close_on": datetime.now(UTC).date().isoformat()})
        worth = self.call("PUT", f"{path}/lines", json={"lines": lines})["amount_minor"]
        for stage in stages[1:4]:
            self.call("POST", f"{path}/moves", wants=201, json={"stage_id": stage["id"]})
        stays = [one["stage_name"] for one in self.call("GET", f"{path}/stages")]
        assert stays == ["Qualification", "Needs analysis", "Proposal", "Negotiation"]
        self.say(f"a deal of {worth / 100:.2f} INR went over the board")

    def send_quote(self, deal_id: str) -> tuple[Json, str]:
        """The quote and the path of its page, from the buyer's mail."""
        wish = {"opportunity_id": deal_id}
        made = self.call("POST", "/v1/quotes", wants=201, json=wish)
        quote: Json = self.call("POST", f"/v1/quotes/{made['id']}/sending", wants=201)
        letter = self.letter(QUOTE)
        path = QUOTE.search(letter["text"])[1]  # type: ignore[index]
        page = self.buyer.get(path)
        assert page.status_code == 200 and "Accept for" in page.text
        self.say(f"{quote['number']} over {quote['total_minor'] / 100:.2f} INR was mailed")
        return quote, path

    def accept(self, quote: Json, path: str) -> Json:
        """By the link: accepted at once, and one order as soon as it can be placed."""
        home = build_city().random_address(int(self.mark, 16) % 1000)
        form = {
            "name": "Meera Nair",
            "ship_line1": home.line1,
            "ship_line2": home.district,
            "ship_city": home.city,
            "ship_postal_code": home.pin,
            "ship_state_code": "29",
            "ship_phone": self.phone,
        }
        answer = self.buyer.post(f"{path}/acceptance", data=form)
        assert answer.status_code in (200, 303), answer.text

        def ordered() -> Json | None:
            now = self.call("GET", f"/v1/quotes/{quote['id']}")
            assert now["order_state"] in ("pending_order", "ordered"), now
            return now if now["order_state"] == "ordered" else None

        done = until(ordered, "the order of the quote")
        again = self.buyer.post(f"{path}/acceptance", data=form)
        assert again.status_code == 410
        order: Json = self.call("GET", f"/v1/orders/{done['order_id']}")
        deal = self.call("GET", f"/v1/opportunities/{quote['opportunity_id']}")
        assert (deal["status"], deal["order_id"]) == ("won", order["id"])
        assert order["total_minor"] == quote["total_minor"]
        self.say(f"accepted by its link: order {order['number']}, the deal is won")
        return order

    def bring(self, order: Json) -> None:
        """Invoice, parcel, driver, door."""
        self.life.take_invoice(order)
        delivery = self.life.take_delivery(order)
        phone = self.life.assign(delivery)
        for status in ("accepted", "at_pickup", "picked_up", "en_route", "arriving", "arrived"):
            self.life.tap(phone, delivery, status)
        code = self.life.door_code(order)
        self.life.tap(phone, delivery, "delivered", door_code=code)
        done = until(lambda: self.life._order_if(order, "completed"), "completion")
        assert done["fulfilment_status"] == "delivered"
