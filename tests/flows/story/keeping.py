"""From a buyer to somebody one writes to, as long as they want to be written to."""

import re
from datetime import UTC, datetime, timedelta

from tests.flows.life import Json
from tests.flows.story.teller import Teller
from tests.waiting import until

FOLLOWED = re.compile(r'href="https?://[^"/]+(/l/[^"]+)"')
SEEN = re.compile(r'src="https?://[^"/]+(/o/[^"]+)"')
SCANNER = {"user-agent": "Barracuda Sentinel (EE)"}
READING = timedelta(seconds=3.2)
"""Whoever clicks sooner after the hand-over is taken for a machine."""
REFUNDED = 50_00
LETTER = (
    "<html><body><p>Hello {{ name }}, <a href='https://tea.example/hills'>come up to the hills</a> "
    "or <a href='https://tea.example/plains'>stay</a>.</p></body></html>"
)


class Keeping(Teller):
    def begin_journey(self) -> Json:
        """Whoever orders hears of the hills; who follows the link goes on a list and hears more."""
        self.list = self.call("POST", "/v1/segments", wants=201, json={"name": f"Fond {self.mark}"})
        steps = [
            {"do": "send", "id": "a", "subject": f"Welcome {self.mark}", "html": LETTER},
            {
                "do": "wait_for",
                "id": "b",
                "happening": "clicked",
                "minutes": 60,
                "then": [
                    {"do": "act", "id": "c", "what": "add_to_list", "list_id": self.list["id"]},
                    {"do": "send", "id": "d", "subject": f"More {self.mark}", "text": "More."},
                ],
            },
        ]
        plan = {"entry": {"by": "order"}, "steps": steps}
        body = {"name": f"Nurture {self.mark}", "plan": plan}
        made = self.call("POST", "/v1/journeys", wants=201, json=body)
        path = f"/v1/journeys/{made['id']}"
        journey: Json = self.call("POST", f"{path}/publication", json={})
        self.say("a journey waits for orders")
        return journey

    def follow(self, letter: Json) -> None:
        """Read it, as a person does, and click."""
        came = datetime.fromisoformat(letter["received_at"])
        until(lambda: datetime.now(UTC) - came > READING)
        if picture := SEEN.search(letter["html"] or ""):
            assert self.buyer.get(picture[1]).status_code == 200
        path = FOLLOWED.search(letter["html"])[1]  # type: ignore[index]
        answer = self.buyer.get(path)
        assert answer.status_code == 302, answer.text
        assert answer.headers["location"].startswith("https://tea.example/hills")

    def complain(self, order: Json, customer_id: str) -> None:
        """While it is open no promotion leaves for them; then a part of the money goes back."""
        about = {"category": "damaged", "subject": "A tin is dented", "order_id": order["id"]}
        complaint = self.call("POST", "/v1/complaints", wants=201, json=about)
        path = f"/v1/complaints/{complaint['id']}"
        held = until(lambda: self.decision(customer_id, "hold"), "promotions wait")
        assert held["reason"] == "complaint_open", held
        for step in ("acknowledgement", "start", "resolution"):
            self.call("POST", f"{path}/{step}", wants=201, json={"note": "We send money back."})
        (payment,) = self.call("GET", f"/v1/payments?order_id={order['id']}")["items"]
        back = {"amount_minor": REFUNDED, "reason": "A dented tin"}
        self.call("POST", f"/v1/payments/{payment['id']}/refunds", wants=201, json=back)

        def refunded() -> bool:
            found = self.call("GET", f"/v1/customers/{customer_id}/summary")
            return bool(found["refunded_minor"] == REFUNDED)

        until(refunded, "the refund on the customer's page")
        until(lambda: self.decision(customer_id, "send"), "promotions go again")
        self.say(f"a complaint held promotions back; {REFUNDED / 100:.2f} INR went back")

    def add_segment(self) -> Json:
        """Buyers of this form's company, looked up by the suite."""
        company = {"field": "company_name", "op": "is", "value": self.company}
        rule = {"all": [company, {"event": "order_placed", "within": "P30D"}]}
        body = {"name": f"Buyers {self.mark}", "rule": rule}
        return dict(self.call("POST", "/v1/segments", wants=201, json=body))

    def campaign(self, segment: Json, customer_id: str) -> Json:
        """To the segment; a scanner looks at the letter, then the person does."""
        path = f"/v1/segments/{segment['id']}/members"
        until(lambda: self.call("GET", path)["items"], "the buyer is in the segment")
        self.say("the buyer is in the segment")
        campaign = self.send_campaign(segment, f"Fresh {self.mark}")
        letter = self.letter(re.compile(f"Fresh {self.mark}"))
        link = FOLLOWED.search(letter["html"])[1]  # type: ignore[index]
        self.life.public.head(link, headers=SCANNER)
        self.follow(letter)
        stats = self.call("GET", f"/v1/campaigns/{campaign['id']}/stats")
        found = (stats["human_clicks"], stats["bot_clicks"], stats["human_opens"])
        assert found == (1, 1, 1), stats
        self.say("the campaign came, was opened and clicked; the scanner does not count")
        return letter

    def send_campaign(self, segment: Json, subject: str) -> Json:
        words = {"name": "A", "subject": subject, "html": LETTER}
        plan = {"name": subject, "include_ids": [segment["id"]], "variants": [words]}
        made = self.call("POST", "/v1/campaigns", wants=201, json={**plan, "tracks_opens": True})
        path = f"/v1/campaigns/{made['id']}"
        self.call("PUT", f"{path}/schedule", json={})
        return dict(made)

    def unsubscribe(self, letter: Json, segment: Json, customer_id: str) -> None:
        """One request by the mail program; whatever is asked for afterwards says why it stays."""
        named = {name.lower(): value for name, value in letter["headers"]}
        assert named["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        address = re.search(r"<(http[^>]+)>", named["list-unsubscribe"])[1]  # type: ignore[index]
        answer = self.buyer.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.json() == {"purpose": "marketing"}
        assert self.decision(customer_id, "skip")
        late = self.send_campaign(segment, f"Late {self.mark}")
        path = f"/v1/campaigns/{late['id']}"

        def over() -> Json | None:
            found = self.call("GET", path)
            return found if found["state"] == "done" else None

        assert until(over, "the late campaign")["progress"] == {"skipped": 1}
        why = self.call("GET", f"{path}/recipients/{customer_id}/explanation")
        assert why["recipient"]["reason"] == "no_consent", why
        self.say("unsubscribed by one click; the next campaign leaves them out and says why")

    def end_journey(self, journey: Json, customer_id: str) -> None:
        """The click counted as a person's; what was to follow is not sent any more."""
        path = f"/v1/journeys/{journey['id']}"

        def way() -> Json | None:
            runs = self.call("GET", f"{path}/runs")["items"]
            mine = next(one for one in runs if one["customer_id"] == customer_id)
            return self.call("GET", f"{path}/runs/{mine['id']}") if mine["ended_at"] else None

        steps = until(way, "the end of the journey", seconds=40)["steps"]
        assert {"a", "b", "c", "d"} <= {one["node"] for one in steps}, steps
        (fond,) = self.call("GET", f"/v1/segments/{self.list['id']}/members")["items"]
        assert fond["customer_id"] == customer_id
        self.call("PUT", f"{path}/state", json={"state": "ended"})
        query = {"to": self.email, "kind": "email"}
        mails = self.life.sandbox.get("/api/messages", params=query).json()
        subjects = [one["subject"] for one in mails]
        assert sorted(one for one in subjects if self.mark in one) == [
            f"Fresh {self.mark}",
            f"Welcome {self.mark}",
        ]
        self.say("the journey went on by the click, and sent nothing more")
