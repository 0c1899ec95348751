"""Signing in in all its forms, in a browser: password, mailed code, forgotten password, app,
recovery code and passkey (Chromium's virtual authenticator)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tandem.crm.identity.domain.codes import code_at, step_of
from tandem.kernel.clock import clock
from tests.waiting import until
from tests.web.conftest import Desk
from tests.web.installation import Installation
from tests.web.screens import Screen, screen

PASSWORD = "eleven quiet harbours"
NEW_PASSWORD = "seven purple umbrellas"


@pytest.fixture
def email(shop: Installation) -> str:
    address = f"meera.{shop.unique()}@example.test"
    shop.post("/v1/users", email=address, name="Meera Iyer", password=PASSWORD, role_key="finance")
    return address


@contextmanager
def door(browser: Browser, shop: Installation, **options: Any) -> Iterator[Screen]:
    """By its name, since passkeys know no IP addresses. Wrong tries answer 401 and 422."""
    site = shop.base_url.replace("127.0.0.1", "localhost")
    given = {"size": "wide", "base_url": site, "allow": ("/sign-in", "/security", "/v1/me")}
    with screen(browser, **given | options) as window:
        yield window


def mail(shop: Installation, to: str, subject: str) -> str:
    """The latest letter's words."""

    def read() -> str | None:
        query = {"to": to, "kind": "email"}
        found = httpx.get(f"{shop.sandbox_url}/api/messages", params=query).json()
        texts = [one["text"] for one in found if subject in one.get("subject", "")]
        return str(texts[0]) if texts else None

    return until(read)


def give_password(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in?next=/security")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_somebody_signs_in_in_every_way_there_is(
    shop: Installation, browser: Browser, email: str
) -> None:
    with door(browser, shop) as window:
        page = window.page
        page.goto("/orders")
        expect(page).to_have_url(f"{page.url.split('/sign-in')[0]}/sign-in?next=/orders")
        window.check("sign-in-wide-light")
        give_password(page, email, "not the right one")
        expect(page.get_by_role("alert")).to_contain_text("do not belong together")
        give_password(page, email, PASSWORD)
        expect(page.get_by_role("heading", name="My security")).to_be_visible()
        window.check("security-new-wide-light")
        secret, codes = _set_up_app(window)
        _sign_out(page)
        give_password(page, email, PASSWORD)
        page.get_by_label("Code").fill(codes[0])
        window.check("second-factor-wide-light")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("9 of 10")).to_be_visible()
        _make_passkey(window)
        _sign_out(page)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Good day")).to_be_visible()
        page.goto("/security")
        expect(page.get_by_text("Added")).to_be_visible()
        assert secret


def _set_up_app(window: Screen) -> tuple[str, list[str]]:
    page = window.page
    page.get_by_role("button", name="Set it up").click()
    page.get_by_text("Type it instead").click()
    secret = page.locator(".app-steps code").inner_text()
    window.check("authenticator-app-wide-light")
    page.get_by_label("Type the six digits").fill("000000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    page.get_by_label("Type the six digits").fill(code_at(secret, step_of(clock.now())))
    page.get_by_role("button", name="Turn it on").click()
    codes = page.locator(".codes code")
    expect(codes).to_have_count(10)
    window.check("recovery-codes-wide-light")
    found = codes.all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    return secret, found


def _make_passkey(window: Screen) -> None:
    page = window.page
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("not used yet")).to_be_visible()
    window.check("security-full-wide-light")


def _sign_out(page: Page) -> None:
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Tandem")).to_be_visible()


def test_a_mailed_code_and_a_forgotten_password_on_a_phone_in_the_dark(
    shop: Installation, browser: Browser, email: str
) -> None:
    with door(browser, shop, size="phone", theme="dark") as window:
        page = window.page
        page.goto("/sign-in")
        window.check("sign-in-phone-dark")
        page.get_by_role("link", name="E-mail me a code").click()
        page.get_by_label("E-mail").fill(email)
        page.get_by_role("button", name="Mail me a code").click()
        expect(page.get_by_text("a code is on its way")).to_be_visible()
        window.check("mailed-code-phone-dark")
        code = mail(shop, email, "Your code to sign in").split("    ")[1][:6]
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.goto("/security")
        expect(page.get_by_text("You have no password")).to_be_visible()
        window.check("security-phone-dark")
        page.get_by_role("link", name="Choose one by mail").click()
        page.get_by_label("E-mail").fill(email)
        page.get_by_role("button", name="Mail me a link").click()
        expect(page.get_by_text("a link to a new password is on its way")).to_be_visible()
        link = mail(shop, email, "A new password").split("/reset/")[1].split()[0]
        page.goto(f"/reset/{link}")
        expect(page).to_have_url(page.url.split("/reset")[0] + "/reset")
        window.check("reset-phone-dark")
        page.get_by_label("New password").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_text("Your password is set")).to_be_visible()
        give_password(page, email, NEW_PASSWORD)
        expect(page.get_by_role("heading", name="My security")).to_be_visible()


def test_a_sensitive_act_asks_who_it_is_when_the_proof_is_old(desk: Desk) -> None:
    with desk(allow=("/security",)) as window:
        page = window.page
        page.goto("/security/confirm?next=/security")
        window.check("confirm-wide-light")
        page.get_by_label("Password").fill("not mine")
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("alert")).to_contain_text("not your password")
