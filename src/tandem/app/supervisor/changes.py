"""Which source files changed: for `--reload`, a look at a few hundred time stamps."""

from pathlib import Path

import tandem

SUFFIXES = frozenset({".py", ".html", ".sql", ".typ"})


class Sources:
    def __init__(self) -> None:
        self._root = Path(tandem.__file__).parent
        self._seen = self._look()

    def changed(self) -> list[str]:
        """Paths below the package that came, went or changed since the last call."""
        before, self._seen = self._seen, self._look()
        paths = before.keys() | self._seen.keys()
        return sorted(
            str(path.relative_to(self._root))
            for path in paths
            if before.get(path) != self._seen.get(path)
        )

    def _look(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for path in self._root.rglob("*"):
            if path.suffix in SUFFIXES:
                try:
                    found[path] = path.stat().st_mtime_ns
                except FileNotFoundError:
                    continue  # An editor's temporary file, or one being replaced.
        return found
