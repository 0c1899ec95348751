"""One person's whole story, from a form on a page to a report, through the public API, the pages
for strangers and the stand-ins.

    python -m tests.flows.story READY_FILE

prints each step with its time; `tandem up --ready-file READY_FILE` must be running.
"""

import re

from tests.flows.life import Json
from tests.flows.story.keeping import REFUNDED, Keeping
from tests.flows.story.winning import Winning
from tests.waiting import until

TOLD = {
    "lead_converted", "deal_opened", "quote_sent", "quote_accepted", "deal_won", "order_placed",
    "payment_captured", "order_confirmed", "invoice_issued", "shipment_ready", "delivery_moved",
    "order_completed", "complaint_opened", "complaint_moved", "message_sent", "consent_given",
    "refund_processed", "segment_entered", "campaign_clicked", "consent_withdrawn",
}  # fmt: skip


class Story(Winning, Keeping):
    def look_back(self, customer_id: str) -> None:
        """Everything that happened is on the customer's page, once."""

        def missing() -> set[str]:
            return TOLD - {one["kind"] for one in self.timeline(customer_id)}

        until(lambda: not missing(), f"the timeline has everything, or misses {missing()}")
        lines = self.timeline(customer_id)
        placed = [one for one in lines if one["kind"] == "order_placed"]
        assert len(placed) == 1
        self.say(f"{len(lines)} lines on the customer's timeline")

    def timeline(self, customer_id: str) -> list[Json]:
        path = f"/v1/customers/{customer_id}/timeline"
        page = self.call("GET", path, params={"limit": 200})
        return list(page["items"])

    def count(self, order: Json) -> None:
        """Money net of the refund, and a number that opens into its rows."""
        ask = {"measures": ["net_collected"], "period": "last_7_days"}
        rows: list[Json] = []

        def is_counted() -> bool:
            answer = self.call("POST", "/v1/analytics/queries", json=ask)
            query = {**ask, "as_of": answer["as_of"]}
            opened = self.call(
                "POST",
                "/v1/analytics/drills?limit=200",
                json={"query": query, "measure": "net_collected"},
            )
            total = answer["totals"][0]["value"]
            assert opened["value"] == total
            if opened["next"] is None:
                assert sum(one["amount"] for one in opened["items"]) == total
            rows[:] = [one for one in opened["items"] if one["link"] == f"/orders/{order['id']}"]
            return len(rows) == 2

        until(is_counted, "the payment and the refund are counted")
        assert sum(one["amount"] for one in rows) == order["total_minor"] - REFUNDED
        self.say("the report has the money net of the refund, and opens into its rows")

    def credit(self, order: Json) -> None:
        """Whose doing it was: what led to the form long before the order, net of the refund."""
        body = {"by": "utm_campaign", "model": "first", "period": "last_7_days"}
        report = self.call("POST", "/v1/analytics/attributions", json=body)
        wanted = {
            "query": report["ask"],
            "measure": report["measures"]["revenue"],
            "keys": {"utm_campaign": "diwali"},
        }
        opened = self.call("POST", "/v1/analytics/drills?limit=200", json=wanted)
        mine = [one for one in opened["items"] if one["link"] == f"/orders/{order['id']}"]
        assert sum(one["amount"] for one in mine) == order["total_minor"] - REFUNDED
        (row,) = [one for one in report["rows"] if one["value"] == "diwali"]
        assert (row["revenue_minor"], row["leads"] >= 1) == (opened["value"], True)
        self.say("the money is credited to the campaign that the form was reached by")

    def run(self) -> Json:
        form = self.set_up()
        self.fill_in(form)
        done = self.convert(self.take_lead())
        customer_id, deal_id = done["customer_id"], done["opportunity_id"]
        self.move_over_the_board(deal_id)
        journey = self.begin_journey()
        order = self.accept(*self.send_quote(deal_id))
        segment = self.add_segment()
        order = self.life.pay(order)
        welcome = self.letter(re.compile(f"Welcome {self.mark}"))
        self.follow(welcome)
        self.bring(order)
        self.complain(order, customer_id)
        letter = self.campaign(segment, customer_id)
        self.unsubscribe(letter, segment, customer_id)
        self.end_journey(journey, customer_id)
        self.look_back(customer_id)
        self.count(order)
        self.credit(order)
        return {"customer_id": customer_id, "deal_id": deal_id, "order": order}


__all__ = ["Story"]
