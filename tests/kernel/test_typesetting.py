"""Paper is set in a process of its own, which may go at any time."""

import os
import signal
from datetime import UTC, datetime

import pytest

from tandem.kernel.typesetter import Sheet
from tandem.kernel.typesetting import NotTypeset, Typesetter, pages, pdf
from tests.waiting import until

WORDS = b"#sys.inputs.words"
THEN = datetime(2026, 4, 1, tzinfo=UTC)


def test_the_same_sheet_is_the_same_bytes_from_any_process() -> None:
    typesetter = Typesetter()
    sheet = Sheet(template=WORDS, inputs={"words": "Ten benches"}, made_at=int(THEN.timestamp()))
    first = typesetter.made(sheet)
    process = typesetter._running()
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: process.poll() is not None)
    assert typesetter.made(sheet) == first == [pdf(WORDS, sheet.inputs, made_at=THEN)]
    another = typesetter._running()
    assert another is not process
    typesetter.end()
    assert another.returncode == 0, "it ends when nobody can ask any more"


def test_a_wrong_template_says_why_and_the_next_is_set() -> None:
    with pytest.raises(NotTypeset, match="unknown variable: nobody"):
        pdf(b"#nobody", {}, made_at=THEN)
    assert [one[:8] for one in pages(WORDS, {"words": "!"}, dots_per_inch=40)] == [
        b"\x89PNG\r\n\x1a\n"
    ]
