"""Drivers who carry to the door whatever is paid, and buyers who watch them, while parts die."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec

AWAY = (httpx.TransportError, msgspec.DecodeError)
STEPS = ("accepted", "at_pickup", "picked_up", "en_route", "arrived", "delivered")
PINGS_BETWEEN = 4
METRE_DEGREES = 1 / 111_320
PATIENCE_SECONDS = 60.0


class Told(msgspec.Struct):
    """A step a driver's phone was told is kept, under the phone's own name for it."""

    delivery_id: str
    status: str
    client_event_id: str


class Courier:
    """One driver, one parcel at a time, every step repeated until somebody answers."""

    def __init__(self, ready: dict[str, Any], place: int, of: int, over: threading.Event) -> None:
        self._place, self._of, self._over = place, of, over
        self._desk = httpx.Client(
            base_url=ready["base_url"],
            headers={"authorization": f"Bearer {ready['api_key']}"},
            timeout=10,
        )
        driver = self._desk.get("/v1/drivers?limit=10").json()["items"][place]
        self._driver_id = driver["id"]
        made = self._desk.post(f"/v1/drivers/{self._driver_id}/devices", json={"name": "Phone"})
        self._phone = httpx.Client(
            base_url=ready["base_url"],
            headers={"authorization": f"Bearer {made.json()['token']}"},
            timeout=10,
        )
        self.told: list[Told] = []
        self.pings = 0
        self.failures: list[str] = []
        self.watch: Callable[[str], None] = lambda token: None

    def drive_until_over(self) -> None:
        try:
            while not self._over.is_set():
                delivery = self._next()
                if delivery is None:
                    time.sleep(0.1)
                    continue
                self._carry(delivery)
        except AssertionError as reason:
            self.failures.append(str(reason))

    def _next(self) -> dict[str, Any] | None:
        """A waiting parcel that is this driver's share, so that no two reach for the same."""
        found = self._insist(self._desk, "GET", "/v1/deliveries?status=unassigned&limit=50").json()
        mine = [one for one in found["items"] if UUID(one["id"]).int % self._of == self._place]
        return dict(mine[-1]) if mine else None

    def _carry(self, delivery: dict[str, Any]) -> None:
        path = f"/v1/deliveries/{delivery['id']}"
        body: dict[str, Any] = {"driver_id": self._driver_id}
        self._insist(self._desk, "POST", f"{path}/assignment", json=body)
        body = {"proof_policy": [], "reason": "left with the neighbour"}
        self._insist(self._desk, "PUT", f"{path}/proof-policy", json=body)
        self.watch(delivery["public_token"])
        for step in STEPS:
            self._step(delivery["id"], step)
            for _ in range(PINGS_BETWEEN if step == "en_route" else 1):
                self._ping(delivery)

    def _step(self, delivery_id: str, status: str) -> None:
        told = Told(delivery_id=delivery_id, status=status, client_event_id=str(uuid4()))
        body = {
            "status": status,
            "at": datetime.now(UTC).isoformat(),
            "client_event_id": told.client_event_id,
            "reason": "short way" if status == "arrived" else "",
        }
        path = f"/v1/driver/deliveries/{delivery_id}/statuses"
        answer = self._insist(self._phone, "POST", path, json=body)
        assert answer.status_code == 201, f"{status}: {answer.text}"
        self.told.append(told)

    def _ping(self, delivery: dict[str, Any]) -> None:
        self.pings += 1
        ping = {
            "lat": delivery["pickup_lat"] + self.pings * 3 * METRE_DEGREES,
            "lon": delivery["pickup_lon"],
            "at": datetime.now(UTC).isoformat(),
            "accuracy_m": 5,
        }
        answer = self._insist(self._phone, "POST", "/v1/driver/pings", json={"pings": [ping]})
        assert answer.status_code == 200, answer.text

    def _insist(
        self, client: httpx.Client, method: str, path: str, **content: Any
    ) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = client.request(method, path, **content)
            except AWAY:
                time.sleep(0.05)
                continue
            if answer.status_code < 500:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"nobody answered {method} {path} for a minute")


class Watcher:
    """A buyer with the tracking page open: comes back with the last id whenever the line breaks."""

    def __init__(self, ready: dict[str, Any], over: threading.Event) -> None:
        self._client = httpx.Client(base_url=ready["base_url"], timeout=3)
        self._over = over
        self._token = ""
        self.connections = 0
        self.positions = 0
        self.problems: list[str] = []

    def turn_to(self, token: str) -> None:
        self._token = token

    def watch_until_over(self) -> None:
        while not self._over.is_set():
            if not self._token:
                time.sleep(0.05)
                continue
            self._watch(self._token)

    def _watch(self, token: str) -> None:
        last_id, newest = "", ""
        steps: list[str] = []
        while not self._over.is_set() and token == self._token:
            headers = {"last-event-id": last_id} if last_id else {}
            try:
                with self._client.stream(
                    "GET", f"/v1/public/track/{token}/stream", headers=headers
                ) as answer:
                    if answer.status_code != 200:
                        time.sleep(0.05)
                        continue
                    self.connections += 1
                    name = ""
                    for line in answer.iter_lines():
                        field, _, value = line.partition(": ")
                        if field == "id":
                            last_id = value
                        elif field == "event":
                            name = value
                        elif field == "data":
                            newest = self._look(name, msgspec.json.decode(value), newest, steps)
                        if self._over.is_set() or token != self._token:
                            return
            except AWAY:
                time.sleep(0.05)

    def _look(self, name: str, data: Any, newest: str, steps: list[str]) -> str:
        """The time of the marker, which never goes back; each step is told once."""
        if name == "step":
            if data["status"] in steps:
                self.problems.append(f"step told twice: {data['status']}")
            steps.append(data["status"])
        location = data if name == "position" else data.get("vehicle_location")
        if not location:
            return newest
        self.positions += 1
        at = datetime.fromisoformat(location["at"]).astimezone(UTC).isoformat()
        if at < newest:
            self.problems.append(f"marker back from {newest} to {at}")
        return max(at, newest)
