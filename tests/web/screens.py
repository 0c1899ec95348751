"""A browser that watches itself: errors, failed requests, accessibility, width; and pictures."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, Response, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "screenshots"
TAKES_PICTURES = "TANDEM_PICTURES" in os.environ
"""With it every check leaves a picture in `screenshots/`; without it they take a fifth less."""
AXE = ROOT / "node_modules/axe-core/axe.min.js"
FEATURES_OFF = (
    # Those Playwright turns off, whose own option this one replaces,
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    # and what opens a page of its own behind each of our windows, in a process of its own: the
    # list below the address bar, the toolbar's menus, a spare. Without them a test's browser
    # takes half the CPU.
    "PreloadTopChromeWebUI",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
SCRIPTS = "--always-sparkplug --no-maglev --no-opt"
"""A page lives for a second: optimising its scripts costs more than they ever save by it. A fifth
of what a page takes, with axe on it."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(FEATURES_OFF)}",
    f"--js-flags={SCRIPTS}",
]
ENDED = (
    "Promise.allSettled(document.getAnimations()"
    ".filter((one) => one.effect.getComputedTiming().endTime !== Infinity)"
    ".map((one) => one.finished)).then(() => 0)"
)
"""A promise kept when every transition and animation that ends has ended."""
CUT_OFF = (
    "[...document.querySelectorAll('.panel')]"
    ".filter((one) => one.scrollHeight > one.clientHeight + 1 && one.checkVisibility())"
    ".filter((one) => ['hidden', 'clip'].includes(getComputedStyle(one).overflowY))"
    ".map((one) => `cut off: ${one.innerText.slice(0, 60)}`)"
)
"""Panels that hide part of what stands in them."""
AXE_TELLS = "{resultTypes: ['violations'], selectors: false, preload: {assets: ['media']}}"
"""All rules that run by default, but no words on what passed and no selectors, which nobody reads;
the style sheets are not read once more for a rule that is not among them: a fifth less."""
SIZES = {"wide": (1440, 900), "phone": (390, 844), "narrow": (360, 740)}


def chromium_path() -> str:
    """`TANDEM_CHROMIUM`, else what bin/setup found."""
    noted = ROOT / ".venv/chromium-path"
    if path := os.environ.get("TANDEM_CHROMIUM"):
        return path
    return noted.read_text().strip() if noted.is_file() else "/usr/bin/chromium"


PATIENCE_MS = 20_000


@contextmanager
def run_browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


class Screen:
    """One window. `allow` are parts of addresses that may fail, as the test means them to."""

    def __init__(self, page: Page, allow: tuple[str, ...]) -> None:
        self.page = page
        self._allow = allow
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text, message.location))
        page.on("response", self._see)

    def _hear(self, kind: str, text: str, location: Any) -> None:
        if kind == "error" and not self._is_allowed(str(location)):
            self.problems.append(f"console: {text} {location}")

    def _see(self, response: Response) -> None:
        if response.status >= 400 and not self._is_allowed(response.url):
            self.problems.append(f"{response.status} {response.url}")

    def _is_allowed(self, text: str) -> bool:
        return any(part in text for part in self._allow)

    def check(self, name: str, *, asks_axe: bool = True) -> None:
        """Nothing may be wrong so far, axe finds nothing, nothing hangs over; a picture is taken
        for whoever asked for pictures."""
        if TAKES_PICTURES:
            self._picture(name)
        assert not self.problems, self.problems
        found = self.axe() if asks_axe else []
        assert not found, found
        overhang = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(overhang) <= 0, "the page scrolls sideways"
        assert not (cut := self.page.evaluate(CUT_OFF)), cut

    def _picture(self, name: str) -> None:
        """A browser whose picture was asked for amid a change of page may have none: once more."""
        PICTURES.mkdir(exist_ok=True)
        try:
            self.page.screenshot(path=PICTURES / f"{name}.png")
        except Error:
            self.page.wait_for_load_state()
            self.page.screenshot(path=PICTURES / f"{name}.png")

    def resize(self, size: str) -> None:
        width, height = SIZES[size]
        self.page.set_viewport_size({"width": width, "height": height})

    def axe(self) -> list[str]:
        """What axe-core finds of any impact, one line each, once what fades in has faded in."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(f"{AXE.read_text()};0")
        self.page.evaluate(ENDED)
        found: list[str] = self.page.evaluate(
            f"axe.run(document, {AXE_TELLS}).then(({{violations}}) => violations.map("
            "(one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`))"
        )
        return found


@contextmanager
def screen(
    browser: Browser,
    *,
    size: str = "phone",
    theme: Any = "light",
    allow: tuple[str, ...] = (),
    **options: Any,
) -> Iterator[Screen]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, **options
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield Screen(context.new_page(), allow)
    finally:
        context.close()
