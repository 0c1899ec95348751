import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tandem.sandbox.clock import Clock, ClockRefused, parse_span
from tests.sandbox.serving import Sandbox
from tests.sandbox.test_mailbox import inbox, letter, send


def shown(sandbox: Sandbox) -> tuple[datetime, int]:
    face = sandbox.http.get("/sandbox/clock").json()
    return datetime.fromisoformat(face["now"]), face["offset_seconds"]


def test_an_untouched_clock_shows_the_machines_time(sandbox: Sandbox) -> None:
    now, offset = shown(sandbox)
    assert offset == 0
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    assert not sandbox.settings.clock_file.exists()


def test_the_clock_moves_by_offset_by_span_and_to_an_instant(sandbox: Sandbox) -> None:
    def move(**how: object) -> int:
        answer = sandbox.http.post("/sandbox/clock", json=how)
        assert answer.status_code == 200, answer.text
        written = json.loads(sandbox.settings.clock_file.read_text())
        assert written == {"offset_seconds": answer.json()["offset_seconds"]}
        return int(written["offset_seconds"])

    assert move(offset_seconds=90) == 90
    assert move(advance="2h") == 90 + 7200
    assert move(advance="-2h") == 90
    instant = datetime.now(UTC) + timedelta(days=3)
    assert move(at=instant.isoformat()) == pytest.approx(3 * 86400, abs=5)
    assert abs(shown(sandbox)[0] - instant) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "move",
    [
        {},
        {"advance": "soon"},
        {"advance": "5"},
        {"at": "2025-01-31T10:00:00"},
        {"at": "never"},
        {"offset_seconds": 1, "advance": "1h"},
        {"offset_seconds": 10**12},
        {"speed": 2},
    ],
)
def test_a_move_that_cannot_be_understood_moves_nothing(
    sandbox: Sandbox, move: dict[str, object]
) -> None:
    assert sandbox.http.post("/sandbox/clock", json=move).status_code == 400
    assert shown(sandbox)[1] == 0
    assert not sandbox.settings.clock_file.exists()


def test_the_page_moves_the_clock_with_plain_forms(sandbox: Sandbox) -> None:
    assert sandbox.http.post("/forms/clock", data={"advance": "1d 6h"}).status_code == 303
    assert shown(sandbox)[1] == 30 * 3600
    assert "Moved by 108000 s" in sandbox.http.get("/").text
    assert sandbox.http.post("/forms/clock", data={"advance": "soon"}).status_code == 400
    assert shown(sandbox)[1] == 30 * 3600
    assert sandbox.http.post("/forms/clock", data={"advance": ""}).status_code == 303
    assert shown(sandbox)[1] == 0


def test_messages_carry_the_moved_time(sandbox: Sandbox) -> None:
    sandbox.http.post("/sandbox/clock", json={"advance": "30d"})
    send(sandbox, letter())
    received = datetime.fromisoformat(inbox(sandbox)[0]["received_at"])
    assert abs(received - datetime.now(UTC) - timedelta(days=30)) < timedelta(seconds=5)


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "deep" / "clock.json")
    clock.set_offset(5)
    before = (tmp_path / "deep" / "clock.json").stat().st_ino
    clock.set_offset(6)
    assert (tmp_path / "deep" / "clock.json").stat().st_ino != before, "replaced, not rewritten"
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["clock.json"]
    assert Clock(tmp_path / "deep" / "clock.json").offset_seconds == 6


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d 6h", 108000), ("1w", 604800), ("-15m", -900)],
)
def test_spans_are_read(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "--2h", "1.5h", "2h and more"])
def test_other_spans_are_refused(text: str) -> None:
    with pytest.raises(ClockRefused):
        parse_span(text)
