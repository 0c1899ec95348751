"""A whole installation for browser tests, as `tandem up` starts it.

Everything a test does to it goes through its public API, the sandbox, or a page.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import msgspec

from tandem.sandbox.city import build_city
from tandem.sandbox.city.addresses import Address
from tests import databases, postgres
from tests.waiting import until

START_SECONDS = 60
HUB = (12.9716, 77.5946)


class Refused(AssertionError):
    """The API said no to something a test takes for granted."""


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    driver_id: str
    token: str


class Installation:
    def __init__(self, ready: dict[str, Any]) -> None:
        self.base_url: str = ready["base_url"]
        self.sandbox_url: str = ready["sandbox_url"]
        self.database_url: str = ready["database_url"]
        self.admin_email: str = ready["admin_email"]
        self.admin_password: str = ready["admin_password"]
        self.http = httpx.Client(
            base_url=self.base_url,
            headers={"authorization": f"Bearer {ready['api_key']}"},
            timeout=20,
        )
        self._count = 0

    def call(self, method: str, path: str, *, token: str = "", **body: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self.http.request(method, path, headers=headers, **body)
        if answer.status_code >= 400:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def post(self, path: str, *, token: str = "", **json_body: Any) -> Any:
        return self.call("POST", path, token=token, json=json_body)

    def unique(self) -> int:
        self._count += 1
        return self._count

    def place_order(self, *, seed: int, method: str = "prepaid") -> dict[str, Any]:
        """An order to a house of the demo city; each buyer has a phone and e-mail of their own."""
        number = self.unique()
        ordered: dict[str, Any] = self.post(
            "/v1/orders",
            customer={
                "name": "Asha Rao",
                "email": f"asha.{number}@example.com",
                "phone": f"+91980000{number:04}",
            },
            lines=[{"sku": "AGA-MOG-120", "quantity": 2}],
            ship_to=ship_to(house(seed), f"+91980000{number:04}"),
            payment_method=method,
        )
        return ordered

    def delivery_of(self, order_id: str) -> dict[str, Any]:
        """The order's delivery, as soon as the suite has opened it."""
        return until(
            lambda: next(iter(self.get("/v1/deliveries", order_id=order_id)["items"]), None)
        )

    def vehicle(self, kind: str = "scooter") -> Vehicle:
        """A driver on shift with a vehicle and a phone."""
        number = self.unique()
        driver = self.post("/v1/drivers", name="Meera Iyer", phone=f"+91970000{number:04}")
        vehicle = self.post("/v1/vehicles", kind=kind, plate=f"KA 09 T {number:04}")
        self.post(f"/v1/drivers/{driver['id']}/shift", vehicle_id=vehicle["id"])
        made = self.post(f"/v1/drivers/{driver['id']}/devices", name="Phone")
        return Vehicle(driver_id=driver["id"], token=made["token"])

    def assign(self, delivery_id: str, vehicle: Vehicle) -> None:
        self.post(f"/v1/deliveries/{delivery_id}/assignment", driver_id=vehicle.driver_id)

    def tell(self, vehicle: Vehicle, delivery_id: str, *statuses: str, **more: Any) -> None:
        """The driver's phone reports these statuses, one after another."""
        for status in statuses:
            path = f"/v1/driver/deliveries/{delivery_id}/statuses"
            self.post(path, token=vehicle.token, status=status, **more)

    def ping(
        self,
        vehicle: Vehicle,
        place: tuple[float, float],
        *,
        seconds_ago: float = 0,
        speed: float = 9,
    ) -> None:
        now = time.time()
        self.post(
            "/v1/driver/pings",
            token=vehicle.token,
            pings=[
                {
                    "at": _iso(now - seconds_ago),
                    "lat": place[0],
                    "lon": place[1],
                    "accuracy_m": 5,
                    "speed_mps": speed,
                }
            ],
            sent_at=_iso(now),
        )

    def door_code(self, phone: str) -> str:
        """What the buyer's phone received."""

        def read() -> str | None:
            query = {"to": phone, "kind": "sms"}
            for message in httpx.get(f"{self.sandbox_url}/api/messages", params=query).json():
                if "is the code for order" in message["text"]:
                    return str(message["text"].split(": ")[1][:6])
            return None

        return until(read)


def house(seed: int) -> Address:
    return build_city().random_address(seed)


def ship_to(found: Address, phone: str) -> dict[str, Any]:
    return {
        "name": "Asha Rao",
        "line1": f"{found.house}, {found.street}",
        "line2": found.district,
        "city": found.city,
        "state_code": "29",
        "postal_code": found.pin,
        "phone": phone,
    }


@contextmanager
def run_installation(folder: Path) -> Iterator[Installation]:
    """Yields once everything answers; has stopped when the block ends.

    It uses a database of the test run's own server. What `tandem up` does about a PostgreSQL of
    its own is told in tests/app.
    """
    with postgres.server() as server:
        dsn = databases.fresh(server)
        try:
            with _running(folder, dsn) as ready:
                yield Installation(ready)
        finally:
            postgres.drop(server, dsn)
            server.psql(f"drop role if exists {urlsplit(dsn).path[1:]}_login")


@contextmanager
def _running(folder: Path, dsn: str) -> Iterator[dict[str, Any]]:
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "tandem.app.cli", "up", "--port", str(_free_port())]
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("TANDEM_")}
    log = (folder / "up.log").open("wb")
    process = subprocess.Popen(
        [*command, "--data", str(folder / "data"), "--ready-file", str(ready)],
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment | {"DATABASE_URL": dsn, "TANDEM_DEMO": "plain"},
        start_new_session=True,
    )
    try:
        until(lambda: ready.is_file() or process.poll() is not None, seconds=START_SECONDS)
        assert ready.is_file(), f"tandem up ended:\n{(folder / 'up.log').read_text()}"
        yield json.loads(ready.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        log.close()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _iso(moment: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment % 1 * 1000):03}Z"
