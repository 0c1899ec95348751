"""Which map is drawn when: Google, configured tiles, the demo city, or the corridor."""

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.web.installation import Installation
from tests.web.screens import Screen, screen

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
IN_THE_CITY = {"lat": 12.975, "lon": 77.601}
IN_JAIPUR = {"lat": 26.9124, "lon": 75.7873}
GOOGLE = """
(() => {
  const made = window.made = { lines: [], markers: [] };
  class Map {
    addListener() {} setZoom() {} fitBounds() {}
    getZoom() { return 14; }
    getBounds() { return { contains: () => true }; }
  }
  class Polyline { constructor(options) { made.lines.push(options); } setMap() {} }
  class AdvancedMarkerElement {
    constructor(options) {
      Object.assign(this, options);
      made.markers.push(this);
      document.querySelector('.map-google').append(options.content);
    }
  }
  class LatLngBounds { extend() {} }
  window.google = { maps: { Map, Polyline, LatLngBounds, marker: { AdvancedMarkerElement },
    event: { addListenerOnce() {} }, importLibrary: async () => ({}) } };
  window.tandemGoogleReady();
})();
"""


def draw(window: Screen, shop: Installation, where: dict[str, float], **wanted: str) -> Page:
    """A page of ours with a map made as `parts/map.html` makes it."""
    page = window.page
    page.goto(f"{shop.base_url}/track")
    page.evaluate(
        """async ({where, wanted}) => {
          const sheet = document.createElement('link');
          Object.assign(sheet, { rel: 'stylesheet', href: '/static/css/map.css' });
          document.head.append(sheet);
          const node = document.createElement('div');
          node.className = 'live-map';
          Object.assign(node.dataset, wanted);
          node.style.cssText = 'position:fixed;inset:0;height:auto';
          document.body.append(node);
          const { LiveMap } = await import('/static/js/map/live.js');
          const door = { lat: where.lat + 0.01, lon: where.lon + 0.012 };
          await new LiveMap(node).draw({
            now: Date.now(), route_source: wanted.source ?? 'city',
            vehicles: [{ id: 'v', label: 'Ravi', kind: 'van', ...where, at: Date.now() }],
            stops: [{ kind: 'door', label: '302001', ...door }],
            route: [[where.lat, where.lon], [door.lat, door.lon]],
          });
        }""",
        {"where": where, "wanted": wanted},
    )
    return page


def provider(page: Page) -> Any:
    return page.evaluate("window.tandemMap.provider")


def test_inside_the_city_its_streets_are_drawn_and_labelled_as_demo(
    shop: Installation, browser: Browser
) -> None:
    with screen(browser) as window:
        page = draw(window, shop, IN_THE_CITY, mapCity="/map/city.json")
        assert provider(page) == "city"
        expect(page.locator(".map-note")).to_have_text("Demo streets")
        assert window.problems == []


def test_elsewhere_without_a_key_rings_and_a_scale_say_how_far_it_is(
    shop: Installation, browser: Browser
) -> None:
    with screen(browser, size="wide", theme="dark") as window:
        page = draw(window, shop, IN_JAIPUR, mapCity="/map/city.json")
        assert provider(page) == "corridor"
        expect(page.locator(".map-note")).to_contain_text("as the crow flies")
        expect(page.locator(".map-scale-inner")).to_have_text(re.compile(r"^\d+ k?m$"))
        expect(page.locator(".map-stop .map-name")).to_have_text("302001")
        window.check("map-corridor-dark", asks_axe=False)


def test_configured_tiles_come_before_the_city(shop: Installation, browser: Browser) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=PIXEL, content_type="image/png")

    with screen(browser) as window:
        window.page.route("**/tiles/**", answer)
        tiles = "/tiles/{z}/{x}/{y}.png"
        page = draw(window, shop, IN_THE_CITY, mapCity="/map/city.json", mapTiles=tiles)
        assert provider(page) == "tiles"
        expect(page.locator(".map-vehicle")).to_be_visible()
        assert asked


@pytest.mark.parametrize("source", ["google", "city"])
def test_google_is_drawn_first_where_it_has_a_key(
    shop: Installation, browser: Browser, source: str
) -> None:
    with screen(browser) as window:
        window.page.route(
            "**/maps/api/js**",
            lambda route: route.fulfill(body=GOOGLE, content_type="text/javascript"),
        )
        page = draw(
            window,
            shop,
            IN_THE_CITY,
            mapCity="/map/city.json",
            mapGoogle="key",
            mapGoogleUrl=shop.base_url,
            source=source,
        )
        assert provider(page) == "google"
        expect(page.locator(".map-google .map-vehicle")).to_be_visible()
        assert page.evaluate("made.markers.length") == 2
        assert page.evaluate("made.lines.length") >= 1
        assert window.problems == []


def test_googles_line_is_drawn_on_googles_map_only(shop: Installation, browser: Browser) -> None:
    with screen(browser) as window:
        page = draw(window, shop, IN_THE_CITY, mapCity="/map/city.json", source="google")
        assert provider(page) == "city"
        assert page.evaluate("window.tandemMap.route") == []


def test_a_refused_or_silent_google_gives_way_to_the_next_map(
    shop: Installation, browser: Browser
) -> None:
    with screen(browser, allow=("/maps/api/js",)) as window:
        window.page.route("**/maps/api/js**", lambda route: route.abort())
        page = draw(
            window,
            shop,
            IN_THE_CITY,
            mapCity="/map/city.json",
            mapGoogle="key",
            mapGoogleUrl=shop.base_url,
        )
        assert provider(page) == "city"
        expect(page.locator(".map-vehicle")).to_be_visible()


def test_the_streets_are_sent_once_and_compressed(shop: Installation) -> None:
    answer = shop.http.get("/map/city.json")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 80_000
    assert answer.json()["note"].startswith("demo streets")
    again = shop.http.get("/map/city.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
