from typing import Any

import httpx2
import pytest

from tandem.sandbox.sms.twilio import count_segments, signature
from tests.sandbox.listening import Listener
from tests.sandbox.serving import Sandbox
from tests.waiting import until

TEXT = {"To": "+919876543210", "From": "TANDEM", "Body": "Your code is 482913"}


def post(sandbox: Sandbox, **options: Any) -> httpx2.Response:
    settings = sandbox.settings
    given = {"auth": (settings.sms_account_sid, settings.sms_auth_token), "data": TEXT, **options}
    path = f"/sms/2010-04-01/Accounts/{settings.sms_account_sid}/Messages.json"
    return sandbox.http.post(path, **given)


def texts(sandbox: Sandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.http.get("/api/messages", params={"kind": "sms"}).json()
    return found


def test_a_text_is_accepted_and_lies_in_the_mailbox(sandbox: Sandbox) -> None:
    answer = post(sandbox)
    assert answer.status_code == 201
    told = answer.json()
    assert told["sid"].startswith("SM") and len(told["sid"]) == 34
    assert (told["status"], told["to"], told["error_code"]) == ("queued", TEXT["To"], None)
    assert told["uri"].endswith(f"/Messages/{told['sid']}.json")
    (kept,) = texts(sandbox)
    assert (kept["to"], kept["from"], kept["text"]) == ([TEXT["To"]], "TANDEM", TEXT["Body"])
    assert kept["provider_id"] == told["sid"]
    assert "Your code is 482913" in sandbox.http.get(f"/mail/{kept['id']}").text


def test_a_texts_status_can_be_asked_for(sandbox: Sandbox) -> None:
    told = post(sandbox).json()
    auth = (sandbox.settings.sms_account_sid, sandbox.settings.sms_auth_token)
    until(lambda: sandbox.http.get(f"/sms{told['uri']}", auth=auth).json()["status"] == "delivered")
    missing = told["uri"].replace(told["sid"], "SM" + "0" * 32)
    answer = sandbox.http.get(f"/sms{missing}", auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"data": TEXT | {"To": ""}}, 400, 21604),
        ({"data": {"To": TEXT["To"], "From": "TANDEM"}}, 400, 21602),
        ({"data": {"To": TEXT["To"], "Body": "x"}}, 400, 21603),
        ({"data": TEXT | {"To": "9876543210"}}, 400, 21211),
        ({"data": TEXT | {"From": "much too long a name"}}, 400, 21212),
        ({"data": TEXT | {"Body": "x" * 1601}}, 400, 21617),
        ({"data": TEXT | {"StatusCallback": "http://198.51.100.7/hook"}}, 400, 21609),
        ({"data": TEXT | {"MessagingServiceSid": "MG1"}}, 400, 21701),
        ({"auth": None}, 401, 20003),
        ({"auth": ("AC" + "0" * 32, "guess")}, 401, 20003),
        ({"headers": {"authorization": "Basic é"}, "auth": None}, 401, 20003),
        ({"data": None, "json": TEXT}, 415, 20415),
    ],
)
def test_what_twilio_refuses_is_refused_and_nobody_is_texted(
    sandbox: Sandbox, change: dict[str, Any], status: int, code: int
) -> None:
    if "headers" in change:
        change = change | {"headers": {"authorization": "Basic é".encode("latin-1")}}
    answer = post(sandbox, **change)
    assert answer.status_code == status
    told = answer.json()
    assert told["message"]
    assert told | {"message": ""} == {
        "code": code,
        "message": "",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    assert texts(sandbox) == []
    assert sandbox.http.get("/sandbox/webhooks").json()["deliveries"] == []


def test_anothers_account_is_not_found(sandbox: Sandbox) -> None:
    settings = sandbox.settings
    answer = sandbox.http.post(
        f"/sms/2010-04-01/Accounts/AC{'1' * 32}/Messages.json",
        auth=(settings.sms_account_sid, settings.sms_auth_token),
        data=TEXT,
    )
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_delivery_reports_are_signed_as_twilio_signs(sandbox: Sandbox, listener: Listener) -> None:
    told = post(sandbox, data=TEXT | {"StatusCallback": listener.url}).json()
    until(lambda: len(listener.calls) == 2)
    assert [call.form["MessageStatus"] for call in listener.calls] == ["sent", "delivered"]
    for call in listener.calls:
        assert call.path == "/hook?shop=1"
        assert call.form["MessageSid"] == told["sid"]
        assert call.headers["x-twilio-signature"] == signature(
            sandbox.settings.sms_auth_token, listener.url, call.form
        )


def test_a_text_can_be_made_undeliverable(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.break_next("sms", "undelivered", match=TEXT["To"])
    post(sandbox, data=TEXT | {"StatusCallback": listener.url})
    until(lambda: len(listener.calls) == 2)
    last = listener.calls[-1].form
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30005")


def test_the_vendors_own_signature_is_reproduced() -> None:
    """Values of Twilio's documentation of request validation."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("न" * 70, 1),
        ("न" * 71, 2),
        ("🚚" * 35, 1),
        ("🚚" * 36, 2),
    ],
)
def test_segments_are_counted_by_alphabet(body: str, count: int) -> None:
    assert count_segments(body) == count
