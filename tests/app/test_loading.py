"""What each process loads before the first request: memory and seconds of every start."""

import json
import subprocess
import sys

from tests.app.installation import clean_environment

LOADED_IN_TURN = """
import json, sys

def loaded():
    names = {name.partition(".")[0] for name in sys.modules if sys.modules[name] is not None}
    return sorted(names - sys.stdlib_module_names)

import tandem.app.cli, tandem.app.supervisor.up
told = {"up": loaded(), "up_has_asyncio": "asyncio" in sys.modules}
from tandem.app.loading import hold_collector
hold_collector()
from tandem.app.worker import import_reactions
from tandem.app import worker
import_reactions()
told["worker"] = loaded()
import tandem.app.serve
from tandem.app import asgi
from tandem.app.settings import read_settings
asgi.create_app(read_settings())
told["web"] = loaded()
json.dump(told, sys.stdout)
"""

AT_FIRST_USE = {
    *("authlib", "disposable_email_domains", "dns", "holidays", "joserfc", "markdown_it", "mrml"),
    *("num2words", "obstore", "openpyxl", "phonenumbers", "pydantic", "scim2_models", "segno"),
    *("typst", "webauthn", "xlsxwriter"),
}
"""Large, and needed by few requests or jobs."""
FOR_PAGES = {"jinja2", "litestar", "multipart", "uvicorn", "yaml"}
FOR_TERMINALS = {"attr", "pygments", "rich"}
"""structlog takes them where it finds them."""

SETTINGS = {
    "TANDEM_DATABASE_URL": "postgresql://nobody@nowhere/none",
    "TANDEM_SECRET_KEY": "x" * 40,
}


def test_no_process_loads_what_it_may_never_use() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOADED_IN_TURN],
        env=clean_environment() | SETTINGS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)

    assert [name for name in told["up"] if name != "_distutils_hack"] == ["__main__", "tandem"]
    assert told["up_has_asyncio"] is False
    assert {"asyncpg", "msgspec", "structlog", "tandem"} <= set(told["worker"])
    assert set(told["worker"]) & (AT_FIRST_USE | FOR_PAGES | FOR_TERMINALS) == set()
    assert set(told["web"]) >= FOR_PAGES
    assert set(told["web"]) & (AT_FIRST_USE | FOR_TERMINALS) == set()
