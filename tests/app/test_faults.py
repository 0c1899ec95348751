"""What a person at the terminal did wrong is told in a line that says what to do."""

import contextlib
import io
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tandem.app.cli import main
from tests import postgres


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    return said.err


@pytest.fixture
def owner_dsn(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TANDEM_SECRET_KEY", "k" * 48)
    with postgres.server() as server:
        yield server.dsn_owner


@pytest.mark.parametrize("command", ["doctor", "migrate", "seed"])
def test_a_database_that_is_not_there_is_told_in_a_line(
    command: str,
    owner_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    password = urlsplit(owner_dsn).password
    assert password is not None
    wrong = {
        "postgresql://a:b@127.0.0.1:1/shop": "The database does not answer at the address",
        postgres.in_database(owner_dsn, "nosuch"): "The database is not there. Create it first",
        owner_dsn.replace(password, "guess"): "The database refuses to be signed in to",
        "shop": "TANDEM_DATABASE_URL is no address of a PostgreSQL database",
        "postgresql://a:b@127.0.0.1:99999/shop": "TANDEM_DATABASE_URL is no address of a",
    }
    for dsn, told in wrong.items():
        monkeypatch.setenv("TANDEM_DATABASE_URL", dsn)
        monkeypatch.setenv("TANDEM_APP_DATABASE_URL", dsn)
        assert told in _said(capsys, command), dsn


def test_an_empty_database_is_told_to_be_migrated(
    owner_dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TANDEM_DATABASE_URL", owner_dsn)
    assert "Run `tandem migrate`" in _said(capsys, "doctor")


@pytest.mark.parametrize(
    ("email", "name", "told"),
    [
        ("nonsense", "Asha", "'nonsense': This is no e-mail address."),
        ("", "Asha", "'': This is no e-mail address."),
        ("asha@shop.test", "", "'': A name has 1 to 100 characters."),
    ],
)
def test_a_person_needs_an_address_and_a_name(
    email: str,
    name: str,
    told: str,
    owner_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TANDEM_DATABASE_URL", owner_dsn)
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery staple\n"))
    assert told in _said(capsys, "user", "create", "--email", email, "--name", name)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("simulate", "--speed", "nan"), "nan is not a number above 0"),
        (("simulate", "--speed", "-1"), "-1 is not a number above 0"),
        (("up", "--port", "٣"), "٣ is not a port between 1 and 65535"),
        (("up", "--data", ""), "argument --data: the path is empty"),
        (("up", "--ready-file", ""), "argument --ready-file: the path is empty"),
        (("up", "--workers", "65"), "65 is not a number between 1 and 64"),
    ],
)
def test_nonsense_on_the_command_line_is_refused_before_anything_starts(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_reader_who_has_read_enough_is_no_fault_of_the_database(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SECRET_KEY", "k" * 48)
    for name in ("TANDEM_DATABASE_URL", "TANDEM_APP_DATABASE_URL"):
        monkeypatch.setenv(name, "postgresql://a:b@127.0.0.1:1/shop")
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", buffering=1) as nobody, contextlib.redirect_stdout(nobody):
        assert main(["config"]) == 141
    assert capfd.readouterr().err == ""
