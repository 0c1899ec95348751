import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.app.embedded.logfile import Tail, keep_small, last_lines
from tandem.app.supervisor import lifeline
from tandem.app.supervisor.beside import pids_of_last_run
from tandem.app.supervisor.environment import Addresses, environment_of_product
from tandem.app.supervisor.kept import read_json, secret_key, write_json
from tandem.app.supervisor.leftovers import clear_parts
from tandem.app.supervisor.options import data_folder
from tandem.app.supervisor.pauses import SECONDS, Pauses
from tandem.app.supervisor.ports import Ports
from tandem.app.supervisor.refusals import CannotStart
from tests.app.installation import SOURCES
from tests.app.processes import is_alive
from tests.waiting import until

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""

Part = tuple["subprocess.Popen[str]", int, int]


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    """A part that ignores SIGTERM, its own child's pid, and the end of the pipe it hangs on."""
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", lifeline.__name__, str(reader), "stubborn"],
        env={**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{tmp_path}"},
        pass_fds=(reader,),
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(reader)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    yield process, grandchild, writer
    process.kill()
    process.communicate()


def test_a_part_ends_with_its_own_children_when_the_supervisor_is_gone(part: Part) -> None:
    process, grandchild, writer = part

    os.close(writer)

    assert process.wait(lifeline.GRACE_SECONDS + 3) == -signal.SIGKILL
    until(lambda: not is_alive(grandchild))


def test_parts_left_by_a_killed_supervisor_are_ended_and_strangers_are_not(part: Part) -> None:
    process, grandchild, writer = part
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        began = time.monotonic()
        clear_parts([process.pid, stranger.pid])
        assert time.monotonic() - began < 5
        assert process.wait(1) == -signal.SIGKILL
        until(lambda: not is_alive(grandchild))
        assert is_alive(stranger.pid)
    finally:
        os.close(writer)
        stranger.kill()
        stranger.wait()


def test_pauses_grow_with_each_failure_and_begin_once() -> None:
    pauses = Pauses()
    begun = []
    for _ in range(len(SECONDS) + 2):
        begun.append(pauses.begin())
        assert pauses.begin() is None, "one is under way"
        assert not pauses.is_over
        pauses.started()
    assert begun == [*SECONDS, SECONDS[-1], SECONDS[-1]]


def test_a_log_is_followed_and_kept_small_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("before\n")
    tail = Tail(log)
    with log.open("a", buffering=1) as writer:
        writer.write("one\ntwo\nhal")
        assert tail.new_lines() == ["one", "two"]
        assert tail.new_lines() == []
        assert last_lines(log, 2) == "two\nhal"
        keep_small(log, bytes_max=4)
        assert (tmp_path / "web.log.1").read_text() == "before\none\ntwo\nhal"
        assert log.read_text() == ""
        writer.write("after\n")
        assert tail.new_lines() == ["after"]
        keep_small(log, bytes_max=100)
        assert log.read_text() == "after\n"


def test_a_missing_log_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none.log") == ""
    assert Tail(tmp_path / "none.log").new_lines() == []


def test_the_secret_key_is_long_private_and_stays(tmp_path: Path) -> None:
    key = secret_key(tmp_path)
    assert len(key) >= 32
    assert secret_key(tmp_path) == key
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_kept_file_is_replaced_as_a_whole_and_leaves_no_other(tmp_path: Path) -> None:
    write_json(tmp_path / "kept.json", {"a": 1})
    write_json(tmp_path / "kept.json", {"b": 2})
    assert read_json(tmp_path / "kept.json") == {"b": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert read_json(tmp_path / "none.json") == {}


def test_a_persons_own_settings_win_over_the_stand_ins_but_not_over_addresses() -> None:
    given = {
        "PATH": "/bin",
        "DATABASE_URL": "postgresql://elsewhere/db",
        "TANDEM_SMTP_URL": "smtps://mail.example",
        "TANDEM_SECRET_KEY": "theirs",
    }
    told = environment_of_product(
        addresses=Addresses(web=8080, sandbox=8090, smtp=8100),
        database_url="postgresql://ours/tandem",
        secret_key="ours",
        data=Path("/data"),
        given=given,
    )
    assert told["TANDEM_SMTP_URL"] == "smtps://mail.example"
    assert told["TANDEM_SECRET_KEY"] == "theirs"
    assert told["TANDEM_DATABASE_URL"] == "postgresql://ours/tandem"
    assert told["TANDEM_SANDBOX_URL"] == "http://127.0.0.1:8090"
    assert told["TANDEM_CLOCK_FILE"] == "/data/clock.json"
    assert told["TANDEM_BASE_URL"] == "http://127.0.0.1:8080"


def test_without_a_sandbox_nothing_points_to_one() -> None:
    told = environment_of_product(
        addresses=Addresses(web=8080, sandbox=None, smtp=None),
        database_url="postgresql://ours/tandem",
        secret_key="ours",
        data=Path("/data"),
        given={},
    )
    names = {name for name in told if name.startswith("TANDEM_")}
    assert names == {
        "TANDEM_BASE_URL",
        "TANDEM_DATABASE_URL",
        "TANDEM_DATA_DIR",
        "TANDEM_SECRET_KEY",
    }


def test_the_data_folder_is_the_asked_one_then_the_environments_then_the_users() -> None:
    both = {"TANDEM_DATA": "/data/a", "TANDEM_DATA_DIR": "/data/b", "XDG_DATA_HOME": "/data/x"}
    assert data_folder(Path("/data/c"), both) == Path("/data/c")
    assert data_folder(None, both) == Path("/data/a")
    del both["TANDEM_DATA"]
    assert data_folder(None, both) == Path("/data/b")
    if sys.platform == "linux":
        assert data_folder(None, {"XDG_DATA_HOME": "/data/x"}) == Path("/data/x/tandem")


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
def test_damaged_secrets_are_not_made_up_anew_and_damaged_memories_are_done_without(
    tmp_path: Path, content: str
) -> None:
    for name in ("secrets.json", "ports.json", "run.json"):
        (tmp_path / name).write_text(content)

    with pytest.raises(CannotStart, match=r"secrets\.json is damaged"):
        secret_key(tmp_path)

    assert (tmp_path / "secrets.json").read_text() == content
    assert pids_of_last_run(tmp_path) == []
    assert Ports(tmp_path).near("sandbox", 21_000) >= 21_000
    assert list(read_json(tmp_path / "ports.json")) == ["sandbox"]


def test_what_cannot_be_written_whole_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_json(tmp_path / "taken", {})
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
