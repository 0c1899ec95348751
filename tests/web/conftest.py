"""One installation and one browser for all tests of a process; each test opens its own windows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser

from tandem.crm.identity.sessions import COOKIE
from tests.web.installation import Installation, Vehicle, run_installation
from tests.web.screens import Screen, run_browser, screen

Desk = Callable[..., AbstractContextManager[Screen]]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The demo company, with its stand-ins, as `tandem up` makes it."""
    with run_installation(tmp_path_factory.mktemp("installation")) as running:
        yield running


@pytest.fixture(scope="session")
def shop(installation: Installation) -> Installation:
    """All tests that use it run in one process, one after another."""
    return installation


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed after the last of these tests: while it runs, nothing else of the process may use an
    event loop of its own."""
    with run_browser() as running:
        yield running


@pytest.fixture(scope="session")
def session_token(shop: Installation) -> str:
    """What signing in on the page puts into the cookie."""
    login = {"email": shop.admin_email, "password": shop.admin_password}
    with httpx.Client(base_url=shop.base_url) as client:
        answer = client.post("/sign-in", data=login)
    assert answer.status_code == 303, answer.text
    return str(answer.cookies[COOKIE])


@pytest.fixture
def desk(shop: Installation, browser: Browser, session_token: str) -> Desk:
    """Opens a window of somebody signed in: `with desk(size="wide", theme="dark") as window:`."""

    @contextmanager
    def open_desk(**options: Any) -> Iterator[Screen]:
        given = {"size": "wide", "base_url": shop.base_url} | options
        with screen(browser, **given) as window:
            cookie = {"name": COOKIE, "value": session_token, "url": shop.base_url}
            window.page.context.add_cookies([cookie])  # type: ignore[list-item]
            yield window

    return open_desk


@pytest.fixture
def vehicle(shop: Installation) -> Vehicle:
    """A driver on shift with a vehicle and a phone."""
    return shop.vehicle()
