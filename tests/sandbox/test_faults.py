import time
from typing import Any

import httpx2
import pytest

from tests.sandbox.serving import Sandbox
from tests.sandbox.test_sms import TEXT, post, texts
from tests.waiting import until


def test_a_fault_meets_as_many_requests_as_asked_and_no_more(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "500", count=2)
    statuses = [post(sandbox).status_code for _ in range(4)]
    assert statuses == [500, 500, 201, 201]
    assert len(texts(sandbox)) == 2
    assert sandbox.http.get("/sandbox/faults").json() == []


def test_a_fault_is_in_the_vendors_own_words(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "429", seconds=7)
    answer = post(sandbox)
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["code"] == 20429
    sandbox.break_next("google", "503")
    answer = sandbox.http.get("/google/maps/api/geocode/json")
    assert answer.json()["error"]["status"] == "UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"


def test_a_gateways_error_page_is_not_json(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "html_502")
    answer = post(sandbox)
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "text/html"
    assert "Bad Gateway" in answer.text


def test_a_fault_for_one_path_leaves_the_others_alone(sandbox: Sandbox) -> None:
    sandbox.break_next("google", "500", match="/directions/")
    assert sandbox.http.get("/google/maps/api/geocode/json").json()["status"] == "REQUEST_DENIED"
    assert sandbox.http.post("/google/directions/v2:computeRoutes").status_code == 500
    assert post(sandbox).status_code == 201


def test_a_silence_before_accepting_leaves_no_trace(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "timeout_before")
    with pytest.raises(httpx2.ReadTimeout):
        post(sandbox, timeout=0.3)
    assert texts(sandbox) == []


def test_a_silence_after_accepting_keeps_what_was_asked(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "timeout_after")
    with pytest.raises(httpx2.ReadTimeout):
        post(sandbox, timeout=0.3)
    assert [text["text"] for text in texts(sandbox)] == [TEXT["Body"]]


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_silence_ends_with_a_cut_connection_and_not_a_byte(sandbox: Sandbox, kind: str) -> None:
    sandbox.break_next("sms", kind, seconds=0.1)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        post(sandbox)
    assert post(sandbox).status_code == 201


def test_a_slow_answer_comes_whole_but_late(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "slow", seconds=0.4)
    started = time.monotonic()
    answer = post(sandbox)
    assert time.monotonic() - started >= 0.4
    assert answer.status_code == 201
    assert answer.json()["body"] == TEXT["Body"]


def test_faults_are_listed_and_cleared_one_or_all(sandbox: Sandbox) -> None:
    sandbox.break_next("sms", "500", count=3, match="/2010")
    sandbox.break_next("smtp", "550")
    listed = sandbox.http.get("/sandbox/faults").json()
    assert [(fault["target"], fault["kind"], fault["left"]) for fault in listed] == [
        ("sms", "500", 3),
        ("smtp", "550", 1),
    ]
    assert sandbox.http.delete(f"/sandbox/faults/{listed[0]['id']}").status_code == 204
    assert sandbox.http.delete(f"/sandbox/faults/{listed[0]['id']}").status_code == 404
    assert len(sandbox.http.get("/sandbox/faults").json()) == 1
    assert sandbox.http.delete("/sandbox/faults").status_code == 204
    assert sandbox.http.get("/sandbox/faults").json() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"target": "nobody", "kind": "500"},
        {"target": "sms", "kind": "451"},
        {"target": "smtp", "kind": "500"},
        {"target": "google", "kind": "duplicate"},
        {"target": "sms", "kind": "500", "count": 0},
        {"target": "sms", "kind": "500", "seconds": -1},
        {"target": "sms", "kind": "500", "times": 2},
        {"target": "sms"},
    ],
)
def test_a_fault_that_nothing_would_take_is_refused(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    answer = sandbox.http.post("/sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert sandbox.http.get("/sandbox/faults").json() == []


def test_the_page_breaks_and_mends_with_plain_forms(sandbox: Sandbox) -> None:
    form = {"what": "sms:429", "count": "2", "match": "", "seconds": ""}
    answer = sandbox.http.post("/forms/faults", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "sms: 429</span> 2 more" in sandbox.http.get("/").text
    (fault,) = sandbox.http.get("/sandbox/faults").json()
    sandbox.http.post(f"/forms/faults/{fault['id']}/removal")
    assert "Nothing. Everything works as it should." in sandbox.http.get("/").text
    refused = sandbox.http.post("/forms/faults", data=form | {"what": "sms:<b>"})
    assert refused.status_code == 400
    assert "sms cannot fail that way" in refused.text and "<b>" not in refused.text


def test_only_one_of_many_concurrent_requests_meets_a_single_fault(sandbox: Sandbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    sandbox.break_next("sms", "500")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: post(sandbox).status_code, range(16)))
    assert sorted(statuses) == [201] * 15 + [500]
    until(lambda: len(texts(sandbox)) == 15)
