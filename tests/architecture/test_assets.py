"""The browser's files as bin/setup built them: named by content, compressed, within budget."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src/tandem/web"
VENDOR = WEB / "static/vendor"
KIBIBYTE = 1024
# What every page of the console loads from packages, and what a map adds.
CONSOLE = ("tabler.css", "htmx.js", "htmx-sse.js", "icons.svg", "inter.woff2", "inter-rupee.woff2")
TRACKING = ("tabler.css", "icons.svg", "inter.woff2", "inter-rupee.woff2", "ol.css", "ol.js")


def manifest() -> dict[str, str]:
    loaded: dict[str, str] = json.loads((VENDOR / "manifest.json").read_text())
    return loaded


def transferred(name: str) -> int:
    """Bytes on the wire: the brotli form where there is one."""
    file = VENDOR / manifest()[name]
    compressed = file.with_name(f"{file.name}.br")
    return (compressed if compressed.exists() else file).stat().st_size


def test_every_file_is_named_by_its_own_content() -> None:
    assert set(CONSOLE) | set(TRACKING) <= manifest().keys()
    for name, file in manifest().items():
        digest = hashlib.sha256((VENDOR / file).read_bytes()).hexdigest()[:10]
        stem, _, suffix = name.rpartition(".")
        assert file == f"{stem}.{digest}.{suffix}"


def test_every_text_lies_beside_its_compressed_forms() -> None:
    texts = [file for name, file in manifest().items() if not name.endswith(".woff2")]
    for file in texts:
        content = (VENDOR / file).read_bytes()
        assert gzip.decompress((VENDOR / f"{file}.gz").read_bytes()) == content
        assert 0 < (VENDOR / f"{file}.br").stat().st_size < len(content)


@pytest.mark.parametrize(
    ("names", "kibibytes_max"),
    [
        pytest.param(CONSOLE, 110, id="console, of 160 KiB with its own files and the page"),
        pytest.param(TRACKING, 175, id="tracking, of 200 KiB with its own files and the page"),
    ],
)
def test_packages_leave_room_in_the_budget(names: tuple[str, ...], kibibytes_max: int) -> None:
    sizes = {name: transferred(name) for name in names}
    assert sum(sizes.values()) <= kibibytes_max * KIBIBYTE, sizes


def test_no_built_file_asks_another_host_for_anything() -> None:
    for name, file in manifest().items():
        if name.endswith(".css"):
            addresses = re.findall(r"url\(([^)]{1,40})", (VENDOR / file).read_text())
            assert [
                url for url in addresses if not url.strip("\"'").startswith(("./", "data:"))
            ] == []


def test_every_licence_is_handed_on() -> None:
    text = (VENDOR / "LICENSES.txt").read_text()
    for package in (
        "@tabler/core",
        "@tabler/icons",
        "@fontsource-variable/inter",
        "htmx.org",
        "ol",
    ):
        assert re.search(rf"^{re.escape(package)} \d+\.\d+\.\d+ \(", text, re.MULTILINE), package


def test_the_sprite_has_every_icon_of_the_list() -> None:
    lines = [
        line.partition("#")[0].strip() for line in (WEB / "icons.txt").read_text().splitlines()
    ]
    sprite = (VENDOR / manifest()["icons.svg"]).read_text()
    for name in filter(None, lines):
        assert f'<symbol id="{name.replace("/", "-")}"' in sprite


def pages() -> list[Path]:
    found = (path for kind in ("*.html", "*.py") for path in WEB.rglob(kind))
    return sorted(found)


def test_every_icon_and_asset_that_a_page_names_was_built() -> None:
    sprite = (VENDOR / manifest()["icons.svg"]).read_text()
    missing = []
    for path in pages():
        text = path.read_text()
        icons = re.findall(r"\bicon\(\s*[\"']([^\"']+)", text)
        missing += [f"{path.name}: icon {name}" for name in icons if f'id="{name}"' not in sprite]
        assets = re.findall(r"\basset(?:_url)?\(\s*[\"']([^\"'/]+)[\"']", text)
        missing += [f"{path.name}: asset {name}" for name in assets if name not in manifest()]
    assert missing == []
