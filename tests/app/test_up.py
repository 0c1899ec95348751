import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx2 as httpx
import pytest

from tandem.app.embedded import EmbeddedPostgres
from tandem.app.supervisor.ports import is_free
from tests import postgres
from tests.app.installation import SOURCES, Up, clean_environment, company_name
from tests.app.processes import is_alive
from tests.waiting import until

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
COMPANY = "Tandem Demo Traders Pvt Ltd"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One installation for the tests that leave it as they found it, and then for its last ones."""
    # Others on this machine take the next free port from 8080 on, also while this one is stopped.
    data = tmp_path_factory.mktemp("up") / "data"
    with Up(data, "--port", str(_apart())) as up:
        up.start()
        yield up


def test_the_ready_file_says_all_that_a_program_needs(running: Up) -> None:
    ready = running.ready()

    assert running.ready_file.stat().st_mode & 0o777 == 0o600
    assert sorted(ready["pids"]) == ["postgres", "sandbox", "up", "web", "worker"]
    assert all(is_alive(pid) for pid in ready["pids"].values())
    assert ready["pids"]["up"] == running.process.pid
    assert company_name(ready) == COMPANY
    assert httpx.get(f"{ready['sandbox_url']}/sandbox/clock").status_code == 200
    answer = httpx.post(
        f"{ready['base_url']}/v1/sessions",
        json={"email": ready["admin_email"], "password": ready["admin_password"]},
    )
    assert answer.status_code == 201


def test_the_database_has_an_owner_and_an_app_role_that_owns_nothing(running: Up) -> None:
    ready = running.ready()

    async def ask(dsn: str, statement: str) -> object:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(f"select set_config('app.org_id', '{uuid4()}', false)")
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    owned = "select count(*) from pg_class where relowner = current_user::regrole"
    powers = "select rolsuper or rolbypassrls or rolcreatedb or rolcreaterole from pg_roles"
    powers += " where rolname = current_user"
    assert asyncio.run(ask(ready["app_database_url"], owned)) == 0
    assert asyncio.run(ask(ready["app_database_url"], powers)) is False
    count = "select count(*) from identity.organisation"
    assert asyncio.run(ask(ready["database_url"], count)) == 1
    assert asyncio.run(ask(ready["app_database_url"], count)) == 0, "row-level security is on"


def test_everything_kept_is_private(running: Up) -> None:
    assert running.data.stat().st_mode & 0o777 == 0o700
    for name in ("secrets.json", "logins.json", "run.json"):
        assert (running.data / name).stat().st_mode & 0o777 == 0o600
    kept_log = (running.data / "logs" / "up.log").read_text()
    assert running.ready()["admin_password"] not in kept_log
    assert running.ready()["admin_password"] in running.output.read_text()


def test_other_commands_find_the_running_installation_by_its_data(running: Up) -> None:
    def masked_settings(**environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "tandem.app.cli", "config"],
            env=clean_environment() | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    found = masked_settings(TANDEM_DATA=str(running.data))
    assert found.returncode == 0, found.stderr
    assert f"TANDEM_BASE_URL={running.ready()['base_url']}\n" in found.stdout
    assert f"TANDEM_SANDBOX_URL={running.ready()['sandbox_url']}\n" in found.stdout
    nothing_runs = masked_settings(TANDEM_DATA=str(running.data.parent))
    assert nothing_runs.returncode == 2
    assert "TANDEM_DATABASE_URL is not set" in nothing_runs.stderr


def test_a_second_up_on_the_same_data_is_refused_and_told_the_pid_of_the_first(
    running: Up,
) -> None:
    before = running.ready()
    second = Up(running.data)
    second.ready_file = running.data.with_name("second.ready.json")
    second.output = running.data.with_name("second.output")

    assert f"is in use by the process {running.process.pid}" in second.refusal()

    assert not second.ready_file.exists()
    assert running.ready() == before
    assert company_name(before) == COMPANY


@pytest.mark.parametrize("part", ["web", "worker", "sandbox"])
def test_a_killed_part_is_started_again(running: Up, part: str) -> None:
    before = running.pid(part)

    os.kill(before, signal.SIGKILL)

    after = running.pid_other_than(part, before)
    assert is_alive(after)
    assert company_name(running.ready()) == COMPANY
    sandbox_url = running.ready()["sandbox_url"]
    assert until(lambda: _answers(f"{sandbox_url}/sandbox/clock"))
    assert f"{part:<9} was ended by SIGKILL" in running.output.read_text()


def test_a_killed_postgres_is_started_again_with_everything_committed(running: Up) -> None:
    before = running.pid("postgres")

    os.kill(before, signal.SIGKILL)

    running.pid_other_than("postgres", before)
    assert until(lambda: _answers(f"{running.ready()['base_url']}/readyz"), seconds=20)
    assert company_name(running.ready()) == COMPANY


def test_it_stops_within_five_seconds_goes_on_where_it_was_and_survives_its_own_death(
    running: Up,
) -> None:
    up, first = running, running.ready()
    up.stop(signal.SIGINT)
    assert not up.ready_file.exists()
    assert up.output.read_text().endswith("Tandem has stopped.\n")

    second = up.start()
    same = ("base_url", "sandbox_url", "database_url", "app_database_url")
    for name in (*same, "admin_email", "admin_password", "api_key"):
        assert second[name] == first[name], name
    assert "up to date (" in up.output.read_text(), "nothing was migrated or seeded again"

    up.kill()
    assert up.ready_file.exists(), "nobody was left to remove it"
    orphans = [pid for name, pid in second["pids"].items() if name != "up"]
    third = up.start()
    assert [pid for pid in orphans if is_alive(pid)] == []
    assert third["base_url"] == second["base_url"]
    assert company_name(third) == COMPANY
    with _half_a_request(third["base_url"]):
        up.stop(signal.SIGTERM)


def test_a_part_that_cannot_start_shows_the_end_of_its_log_and_leaves_nothing_running(
    running: Up,
) -> None:
    if not running.ended():
        running.stop()
    up = Up(running.data, "--no-sandbox", TANDEM_LOG_LEVEL="deafening")

    said = up.refusal()

    # Both cannot start; whichever is seen first is told of.
    assert re.search(r"The (web|worker) ended with exit code 1", said), said
    assert "DEAFENING" in said
    assert not up.ready_file.exists()
    assert not (up.data / "run.json").exists()
    assert not (up.data / "postgres" / "data" / "postmaster.pid").exists()


def test_a_first_start_cut_short_at_any_point_is_finished_and_a_changed_source_is_run_then(
    tmp_path: Path,
) -> None:
    sources = tmp_path / "src"
    _copy_sources(sources)
    with Up(tmp_path / "data", "--reload", "--no-sandbox", PYTHONPATH=str(sources)) as up:
        for milestone in ("lock", "postgres/data", "logins.json", "logs/web.log"):
            up.launch()
            until(lambda milestone=milestone: (up.data / milestone).exists(), seconds=30)  # type: ignore[misc]
            up.kill()
            assert not up.ready_file.exists()
        ready = up.start()
        assert company_name(ready) == COMPANY

        os.utime(sources / "tandem" / "app" / "health.py")
        up.pid_other_than("web", ready["pids"]["web"])
        assert company_name(up.ready()) == COMPANY
        assert "changed   app/health.py" in up.output.read_text()


def test_a_taken_port_is_refused_when_asked_for_and_passed_over_otherwise(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]

        said = Up(tmp_path / "data", "--port", str(port)).refusal()

    assert f"Port {port} is in use" in said
    assert not (tmp_path / "data" / "postgres").exists(), "nothing was started"


def test_a_folder_or_a_file_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("something else")

    assert f"tandem up: {file}: " in Up(file).refusal()

    up = Up(tmp_path / "data")
    up.ready_file = file / "ready.json"
    assert "The ready file's folder cannot be made" in up.refusal()
    up.ready_file = tmp_path
    assert f"{tmp_path} cannot be written. Choose another --ready-file." in up.refusal()
    assert not up.data.exists(), "nothing was started"
    assert file.read_text() == "something else"


@contextmanager
def database_of_this_run(_: Path) -> Iterator[str]:
    """On the server of the test run, owned by its superuser."""
    with postgres.server() as server:
        name = f"up_{os.getpid()}"
        server.psql(f"create database {name}")
        yield postgres.in_database(server.dsn_owner, name)
        server.psql(f"drop database {name} with (force)")
        server.psql(f"drop role if exists {name}_login")


@contextmanager
def database_of_postgres_15(folder: Path) -> Iterator[str]:
    """On PostgreSQL 15, owned by a role with the powers that hosted databases give."""
    if not POSTGRES_15.is_dir():
        pytest.skip("PostgreSQL 15 is not installed here")
    with EmbeddedPostgres(folder / "server", programs=POSTGRES_15, durable=False) as server:
        superuser = server.running_dsn()
        assert superuser is not None

        async def make() -> None:
            connection = await asyncpg.connect(superuser)
            await connection.execute("create role shop login createrole password 'shop'")
            await connection.execute("create database shop owner shop")
            await connection.close()

        asyncio.run(make())
        yield postgres.as_role(postgres.in_database(superuser, "shop"), "shop", "shop")


@pytest.mark.parametrize("database", [database_of_this_run, database_of_postgres_15])
def test_a_given_database_is_used_with_two_web_processes_and_no_sandbox(
    tmp_path: Path, database: Callable[[Path], AbstractContextManager[str]]
) -> None:
    up = Up(tmp_path / "data", "--no-sandbox", "--workers", "2")
    with database(tmp_path) as dsn, up:
        up.environment["DATABASE_URL"] = dsn
        ready = up.start()
        assert ready["database_url"] == dsn
        assert ready["sandbox_url"] is None
        assert ready["pids"]["postgres"] is None
        assert sorted(ready["pids"]) == ["postgres", "up", "web", "web-2", "worker"]
        assert not (up.data / "postgres").exists()
        os.kill(up.pid("web"), signal.SIGKILL)
        assert company_name(ready) == COMPANY, "the other one serves meanwhile"
        up.stop()


@contextmanager
def _half_a_request(base_url: str) -> Iterator[None]:
    """A caller the web process would wait for."""
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port)) as caller:
        caller.sendall(b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        yield


def _copy_sources(target: Path) -> None:
    """With their bytecode, also where that is kept apart: compiling all of it takes a while."""
    shutil.copytree(SOURCES, target)
    if sys.pycache_prefix:
        kept = Path(sys.pycache_prefix)
        compiled = kept / SOURCES.relative_to("/")
        if compiled.is_dir():
            shutil.copytree(compiled, kept / target.relative_to("/"), dirs_exist_ok=True)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _apart() -> int:
    """A free port below those that the system deals out and far from where others look."""
    return next(port for port in range(21_000 + os.getpid() % 5_000, 32_000, 20) if is_free(port))
