"""X-Goog-FieldMask: mandatory, and the answer holds what it names and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from tandem.sandbox.google.errors import GoogleRefusal

Tree = dict[str, "Tree"]
"""Asked fields by name; an empty tree means everything below."""

REQUIRED = (
    "FieldMask is a required parameter. See https://cloud.google.com/apis/docs/system-parameters "
    "on how to provide it. As an example, you can set the header 'X-Goog-FieldMask' with value "
    "'routes.distanceMeters,routes.duration,routes.polyline.encodedPolyline' to ask for the route "
    "distance, duration, and polyline in the response."
)


def read_mask(header: str | None, known: Tree) -> Tree:
    """The fields asked for, checked against those there are."""
    paths = [path.strip() for path in (header or "").split(",") if path.strip()]
    if not paths:
        raise GoogleRefusal(400, REQUIRED)
    asked: Tree = {}
    for path in paths:
        if path == "*":
            return {}
        _check_path(path, known)
        branch = asked
        for name in path.split("."):
            branch = branch.setdefault(name, {})
    return asked


def _check_path(path: str, known: Tree) -> None:
    branch = known
    for name in path.split("."):
        if name not in branch:
            detail = f"Cannot find matching fields for path '{path}'."
            raise GoogleRefusal(400, f"Request contains an invalid argument. {detail}")
        branch = branch[name]


def pick(value: Any, asked: Tree) -> Any:
    """The asked part of an answer; lists are looked through."""
    if not asked:
        return value
    if isinstance(value, Mapping):
        return {name: pick(value[name], below) for name, below in asked.items() if name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [pick(item, asked) for item in value]
    return value


def tree(*paths: str) -> Tree:
    """A tree of known fields from dotted paths."""
    root: Tree = {}
    for path in paths:
        branch = root
        for name in path.split("."):
            branch = branch.setdefault(name, {})
    return root
