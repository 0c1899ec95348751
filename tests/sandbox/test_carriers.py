"""The message vendors' stand-ins: what they take, and reports signed as the vendors sign."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from tandem.crm.notifications.gateways.callbacks import Asked
from tandem.crm.notifications.gateways.callbacks.proofs import (
    is_mailgun,
    is_sendgrid,
    is_whatsapp,
)
from tests.sandbox.listening import Call, Listener
from tests.sandbox.serving import Sandbox, running_sandbox
from tests.waiting import until

LETTER = {
    "personalizations": [
        {"to": [{"email": "asha@x.test"}], "custom_args": {"tandem_message": "m1"}}
    ],
    "from": {"email": "shop@x.test"},
    "subject": "Hello",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """One for the file; what a test broke is whole again."""
    assert running.http.delete("/sandbox/faults").status_code == 204
    return running


def hook(sandbox: Sandbox, vendor: str, listener: Listener, **more: str) -> None:
    given = {"url": listener.url, **more}
    answer = sandbox.http.put(f"/sandbox/carriers/{vendor}/hook", json=given)
    assert answer.status_code == 204, answer.text


def heard(listener: Listener, count: int = 1) -> list[Call]:
    until(lambda: len(listener.calls) >= count)
    return list(listener.calls)


def asked(one: Call) -> Asked:
    headers = one.headers
    return Asked(url="", query={}, headers=headers, body=one.body)


def send(sandbox: Sandbox, to: str = "asha@x.test", key: str = "sandbox") -> Any:
    body = json.loads(json.dumps(LETTER))
    body["personalizations"][0]["to"][0]["email"] = to
    return sandbox.http.post(
        "/sendgrid/v3/mail/send", json=body, headers={"authorization": f"Bearer {key}"}
    )


@pytest.mark.parametrize(
    ("to", "event"),
    [
        ("asha@x.test", "delivered"),
        ("bounce@x.test", "bounce"),
        ("complain@x.test", "spamreport"),
    ],
)
def test_sendgrid_tells_how_a_letter_ends(
    sandbox: Sandbox, listener: Listener, to: str, event: str
) -> None:
    hook(sandbox, "sendgrid", listener)
    answer = send(sandbox, to)
    assert answer.status_code == 202
    (one,) = heard(listener)
    (told,) = json.loads(one.body)
    assert (told["event"], told["email"], told["tandem_message"]) == (event, to, "m1")
    assert told["sg_message_id"].startswith(f"{answer.headers['x-message-id']}.filter")
    keys = sandbox.http.get("/sandbox/carriers/keys").json()
    assert is_sendgrid(keys["sendgrid_verification_key"], asked(one))


def test_wrong_keys_are_refused(sandbox: Sandbox) -> None:
    assert send(sandbox, key="wrong").status_code == 401
    said = sandbox.http.post("/msg91/api/v5/flow", json={}, headers={"authkey": "wrong"}).json()
    assert (said["type"], said["code"]) == ("error", "207")


def test_any_event_is_told_on_demand_and_faults_make_it_bad(
    sandbox: Sandbox, listener: Listener
) -> None:
    send(sandbox)
    hook(sandbox, "sendgrid", listener)
    path = "/sandbox/carriers/sendgrid/events"
    ask = {"event": "clicked", "recipient": "asha@x.test"}
    sandbox.break_next("sendgrid", "duplicate")
    assert sandbox.http.post(path, json=ask).status_code == 202
    both = heard(listener, 2)
    assert both[0].body == both[1].body
    sandbox.break_next("sendgrid", "bad_signature")
    sandbox.http.post(path, json=ask)
    keys = sandbox.http.get("/sandbox/carriers/keys").json()
    assert not is_sendgrid(keys["sendgrid_verification_key"], asked(heard(listener, 3)[2]))
    assert sandbox.http.post(path, json={"event": "eaten"}).status_code == 400
    assert sandbox.http.post(path, json={**ask, "recipient": "b@x.test"}).status_code == 404


def test_msg91_and_whatsapp_report_in_their_own_words(sandbox: Sandbox, listener: Listener) -> None:
    hook(sandbox, "msg91", listener)
    flow = {"template_id": "t1", "recipients": [{"mobiles": "919876543210", "VAR1": "SO-1"}]}
    said = sandbox.http.post("/msg91/api/v5/flow", json=flow, headers={"authkey": "k"}).json()
    (one,) = heard(listener)
    (report,) = json.loads(parse_qs(one.body.decode())["data"][0])
    assert (report["requestId"], report["report"][0]["status"]) == (said["message"], "1")

    hook(sandbox, "whatsapp", listener, secret="app_secret")
    sandbox.http.post("/sandbox/carriers/whatsapp/inbound", json={"phone": "+919876543210"})
    inbound = heard(listener, 2)[1]
    assert is_whatsapp("app_secret", asked(inbound))
    value = json.loads(inbound.body)["entry"][0]["changes"][0]["value"]
    assert value["messages"][0]["from"] == "919876543210"


def test_mailgun_signs_each_report_anew(sandbox: Sandbox, listener: Listener) -> None:
    hook(sandbox, "mailgun", listener)
    files = {"message": ("m.eml", b"Message-ID: <m1@x.test>\r\nTo: a@x.test\r\n\r\nHi")}
    answer = sandbox.http.post(
        "/mailgun/v3/x.test/messages.mime",
        data={"to": "a@x.test"},
        files=files,
        auth=("api", "key"),
    )
    assert answer.json()["id"] == "<m1@x.test>"
    (one,) = heard(listener)
    keys = sandbox.http.get("/sandbox/carriers/keys").json()
    assert is_mailgun(keys["mailgun_signing_key"], one.body)
