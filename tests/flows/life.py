"""One order's whole life, from nothing to delivered, through the public API and the stand-ins.

    python -m tests.flows.life READY_FILE [BASE_URL_OVERRIDE]

prints each step with its time; `tandem up --ready-file READY_FILE` must be running.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx

from tests.waiting import until

Json = dict[str, Any]
CODE = re.compile(r"\b(\d{6})\b")


class Life:
    """Each step asserts what a person would look for, and returns what the next one needs."""

    def __init__(self, ready: Json, say: Callable[[str], None] = lambda _: None) -> None:
        key = {"authorization": f"Bearer {ready['api_key']}"}
        self.api = httpx.Client(base_url=ready["base_url"], headers=key, timeout=30)
        self.public = httpx.Client(base_url=ready["base_url"], timeout=30)
        self.sandbox = httpx.Client(base_url=ready["sandbox_url"], timeout=30)
        self._say = say
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        self._say(f"{time.monotonic() - self._started:6.2f} s  {text}")

    def call(self, method: str, path: str, *, wants: int = 200, **content: Any) -> Any:
        answer = self.api.request(method, path, **content)
        assert answer.status_code == wants, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def place_order(self) -> Json:
        customer = self.call("GET", "/v1/customers?limit=1")["items"][0]
        variants = self.call("GET", "/v1/variants?limit=3")["items"]
        body = {
            "customer_id": customer["id"],
            "ship_to": customer["addresses"][0]["address"],
            "payment_method": "prepaid",
            "lines": [{"sku": variant["sku"], "quantity": 1} for variant in variants],
        }
        key = {"idempotency-key": uuid4().hex}
        order: Json = self.call("POST", "/v1/orders", wants=201, json=body, headers=key)
        again = self.call("POST", "/v1/orders", wants=201, json=body, headers=key)
        assert again == order
        assert (order["status"], order["payment_status"]) == ("pending_payment", "none")
        self.say(f"order {order['number']} over {order['total_minor'] / 100:.2f} INR, stock held")
        return order

    def pay(self, order: Json) -> Json:
        """Through the hosted checkout, then the browser's return to our pay page."""
        path = f"/v1/public/pay/{order['public_token']}"

        def payable() -> Any:
            state = self.public.get(path).json()
            return state if state.get("checkout") else None

        state = until(payable, "the gateway order")
        checkout = state["checkout"]
        page = self.sandbox.post(
            f"/razorpay/checkout/{checkout['provider_order_id']}/payments",
            data={
                "method": "upi",
                "vpa": "success@razorpay",
                "callback_url": checkout["return_url"],
            },
        )
        fields = dict(re.findall(r'name="(razorpay_\w+)" value="([^"]+)"', page.text))
        back = self.public.post(f"{path}/return", data=fields)
        assert back.status_code in {200, 303}, back.text
        self.say(f"paid through the checkout: {fields['razorpay_payment_id']}")
        confirmed: Json = until(
            lambda: self._order_if(order, "confirmed", "processing"), "confirmation"
        )
        assert (confirmed["payment_status"], confirmed["paid_minor"]) == (
            "paid",
            order["total_minor"],
        )
        return confirmed

    def _order_if(self, order: Json, *statuses: str) -> Json | None:
        found: Json = self.call("GET", f"/v1/orders/{order['id']}")
        return found if found["status"] in statuses else None

    def take_invoice(self, order: Json) -> Json:
        def issued() -> Any:
            return self.call("GET", f"/v1/invoices?order_id={order['id']}")["items"]

        (invoice,) = until(issued, "the invoice")
        pdf = self.api.get(f"/v1/invoices/{invoice['id']}/pdf")
        assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF")
        assert invoice["total_minor"] == order["total_minor"]
        self.say(f"invoice {invoice['number']}, PDF of {len(pdf.content) // 1024} KiB")
        return dict(invoice)

    def take_delivery(self, order: Json) -> Json:
        def opened() -> Any:
            return self.call("GET", f"/v1/deliveries?order_id={order['id']}")["items"]

        (delivery,) = until(opened, "the delivery")
        self.say(f"shipment {delivery['shipment_number']}, promised {order['promised_on']}")
        return dict(delivery)

    def assign(self, delivery: Json) -> httpx.Client:
        """A driver's phone: a device of whoever is assigned."""
        driver = self.call("GET", "/v1/drivers?limit=1")["items"][0]
        made = self.call(
            "POST", f"/v1/drivers/{driver['id']}/devices", wants=201, json={"name": "Test phone"}
        )
        phone = httpx.Client(
            base_url=self.api.base_url,
            headers={"authorization": f"Bearer {made['token']}"},
            timeout=30,
        )
        path = f"/v1/deliveries/{delivery['id']}/assignment"
        self.call("POST", path, wants=201, json={"driver_id": driver["id"]})
        self.say(f"assigned to {driver['name']}")
        return phone

    def tap(self, phone: httpx.Client, delivery: Json, status: str, **more: Any) -> httpx.Response:
        body = {"status": status, "at": datetime.now(UTC).isoformat(), **more}
        answer = phone.post(f"/v1/driver/deliveries/{delivery['id']}/statuses", json=body)
        assert answer.status_code == 201, f"{status}: {answer.text}"
        self.say(status.replace("_", " "))
        return answer

    def drive(self, phone: httpx.Client, delivery: Json) -> list[Json]:
        """To the door along the demo city's streets, watched on the public link."""
        ship_to = delivery["ship_to"]
        goal = f"{ship_to['latitude']},{ship_to['longitude']}"
        start = self.call("GET", f"/v1/deliveries/{delivery['id']}")
        hub = f"{start['pickup_lat']},{start['pickup_lon']}"
        route = self.sandbox.get("/city/route", params={"from": hub, "to": goal}).json()
        points = route["points"]
        token = self.tracking_token(delivery)
        seen = []
        step = max(1, len(points) // 8)
        for lat, lon in [*points[::step], points[-1]]:
            ping = {"lat": lat, "lon": lon, "at": datetime.now(UTC).isoformat(), "accuracy_m": 5}
            took = phone.post("/v1/driver/pings", json={"pings": [ping]})
            assert took.status_code == 200, took.text
            seen.append(self.public.get(f"/v1/public/track/{token}").json())
            time.sleep(0.35)
        self.say(f"drove {route['distance_m'] / 1000:.1f} km, watched on the public link")
        return seen

    def tracking_token(self, delivery: Json) -> str:
        looked_up = self.public.post(
            "/v1/public/track-lookups",
            json={"number": delivery["shipment_number"], "phone": delivery["ship_to"]["phone"]},
        )
        assert looked_up.status_code == 200, looked_up.text
        return str(looked_up.json()["token"])

    def door_code(self, order: Json) -> str:
        """From the buyer's texts in the sandbox mailbox."""

        def texted() -> Any:
            phone = order["customer_phone"]
            texts = self.sandbox.get("/api/messages", params={"to": phone, "kind": "sms"}).json()
            codes = [
                found[1]
                for text in texts
                if "code" in text["text"].lower() and (found := CODE.search(text["text"]))
            ]
            return codes and codes[0]

        code: str = until(texted, "the door code")
        self.say("the buyer has the door code")
        return code

    def run(self) -> Json:
        order = self.pay(self.place_order())
        self.take_invoice(order)
        delivery = self.take_delivery(order)
        phone = self.assign(delivery)
        for status in ("accepted", "at_pickup", "picked_up", "en_route"):
            self.tap(phone, delivery, status)
        self.drive(phone, delivery)
        if self.call("GET", f"/v1/deliveries/{delivery['id']}")["status"] == "en_route":
            self.tap(phone, delivery, "arriving")
        if self.call("GET", f"/v1/deliveries/{delivery['id']}")["status"] == "arriving":
            self.tap(phone, delivery, "arrived")
        self.tap(phone, delivery, "delivered", door_code=self.door_code(order))
        done: Json = until(lambda: self._order_if(order, "completed"), "completion")
        assert done["fulfilment_status"] == "delivered"
        lines = self.call("GET", f"/v1/orders/{order['id']}/timeline")["items"]
        self.say(f"completed, {len(lines)} lines on the timeline")
        return done


def main() -> None:
    with open(sys.argv[1]) as file:
        ready = json.load(file)
    Life(ready, say=lambda text: print(text)).run()  # noqa: T201  a script's own voice


if __name__ == "__main__":
    main()
