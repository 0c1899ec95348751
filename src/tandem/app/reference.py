"""docs/reference, generated: the API, events, permissions, settings. CI checks it is fresh."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import tandem.crm
import tandem.scm
from tandem.app.asgi import create_app
from tandem.app.settings import Settings
from tandem.app.wiring import import_reactions
from tandem.kernel.events import Event, all_subscriptions

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
NOWHERE = Settings(database_url="postgresql://localhost/none", secret_key="x" * 32)


def openapi() -> str:
    """The OpenAPI 3.1 document as JSON, keys sorted, so that a diff shows changes only."""
    schema = create_app(NOWHERE).openapi_schema.to_schema()
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2).decode()


def write_reference(*, check_only: bool) -> int:
    stale = []
    for name, text in _pages().items():
        path = FOLDER / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check_only:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    verb = "stale" if check_only else "written"
    print(f"docs/reference: {', '.join(stale) or 'fresh'} {verb if stale else ''}".rstrip())  # noqa: T201
    return 1 if stale and check_only else 0


def _pages() -> dict[str, str]:
    import_reactions()
    return {
        "openapi.json": openapi() + "\n",
        "events.md": _events(),
        "permissions.md": _permissions(),
        "settings.md": _settings(),
    }


def _events() -> str:
    rows = []
    for event in sorted(_leaves(Event), key=lambda kind: kind.topic):
        subscribers = sorted(s.name for s in all_subscriptions() if s.event is event)
        fields = ", ".join(event.__struct_fields__)
        rows.append(f"| `{event.topic}` | {fields} | {', '.join(subscribers) or '–'} |")
    head = "# Events\n\n| topic | fields | subscribers |\n|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _leaves(kind: type[Event]) -> list[type[Event]]:
    found = [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]
    return found or ([kind] if "topic" in vars(kind) else [])


def _permissions() -> str:
    rows = []
    for name, meaning in sorted(permissions().items()):
        rows.append(f"| `{name}` | {meaning} |")
    return "# Permissions\n\n| permission | lets somebody |\n|---|---|\n" + "\n".join(rows) + "\n"


def permissions() -> Mapping[str, str]:
    """Every permission every service names in its `domain.PERMISSIONS`."""
    found: dict[str, str] = {}
    for half in (tandem.scm, tandem.crm):
        for service in pkgutil.iter_modules(half.__path__, f"{half.__name__}."):
            domain: Any = importlib.import_module(f"{service.name}.domain")
            found.update(domain.PERMISSIONS)
    return found


def _settings() -> str:
    rows = []
    for field in msgspec.structs.fields(Settings):
        default = "required" if field.required else f"`{field.default!r}`"
        rows.append(f"| `TANDEM_{field.name.upper()}` | {default} |")
    return "# Settings\n\n| variable | default |\n|---|---|\n" + "\n".join(rows) + "\n"
