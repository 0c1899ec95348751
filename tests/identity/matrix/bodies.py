"""A body that a route takes, made from the OpenAPI: required fields, and every id there is."""

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
PLAIN: Mapping[str, Any] = {
    "email": "somebody@example.test",
    "requires_second_factor": False,
    "domain": "mail.example.test",
    "domains": ["example.test"],
    "phone": "+919812345678",
    "postal_code": "560001",
    "state_code": "29",
    "country": "IN",
    "currency": "INR",
    "time_zone": "Asia/Kolkata",
    "at": "2026-11-22T10:00:00Z",
    "gstin": "29AAGCB7383J1Z4",
    "hsn": "0902",
    "rate": "18",
    "key": "made_up",
    "code": "123456",
    "plate": "KA 01 AB 1234",
    "permission": "orders.read",
    "grants": ["orders.read"],
    "role_key": "sales",
    "role_keys": ["sales"],
    "object_kind": "order",
    "topic": "orders.placed.v1",
    "topics": ["orders.placed.v1"],
}
FORMATS: Mapping[str, Any] = {
    "uuid": "00000000-0000-7000-8000-000000000000",
    "date-time": "2026-11-22T10:00:00Z",
    "date": "2026-11-22",
    "binary": "x",
}


class Bodies:
    """`known` are ids and names of real records by the field that takes them."""

    def __init__(self, schema: Json, known: Mapping[str, Any]) -> None:
        self._schemas = schema["components"]["schemas"]
        self._known = known

    def of(self, operation: Json) -> tuple[str, Any] | None:
        """(media type, body); None for a call without one."""
        content = operation.get("requestBody", {}).get("content")
        if not content:
            return None
        media, one = next(iter(content.items()))
        return media, self._make(one["schema"], "")

    def made(self, schema: Json) -> Any:
        """A value of this schema, for a question's parameter."""
        return self._make(schema, "")

    def _make(self, schema: Json, name: str, depth: int = 0) -> Any:
        schema = self._resolved(schema)
        if name in self._known and depth:
            return self._known[name]
        if PLAIN.get(name) is not None and depth:
            return PLAIN[name]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next(one for one in schema["enum"] if one is not None)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next(one for one in kind if one != "null")
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in {"integer", "number"}:
            return max(1, schema.get("minimum", 1))
        if kind == "boolean":
            return True
        return self._text(schema) if kind == "string" else self._object(schema, depth)

    def _object(self, schema: Json, depth: int) -> Json:
        properties = schema.get("properties", {})
        wanted = set(schema.get("required", ())) | {
            name for name in properties if name in self._known
        }
        return {
            name: self._make(inner, name, depth + 1)
            for name, inner in properties.items()
            if name in wanted
        }

    def _array(self, schema: Json, name: str, depth: int) -> list[Any]:
        items = schema.get("items", {})
        if name == "addresses" and self._resolved(items).get("type") == "string":
            return [PLAIN["email"]]
        one = self._make(items, name.removesuffix("s"), depth + 1)
        return [one] * max(1, schema.get("minItems", 1))

    def _text(self, schema: Json) -> str:
        found = FORMATS.get(str(schema.get("format")))
        if found is not None:
            return str(found)
        least = int(schema.get("minLength", 0))
        return (
            "x" * max(1, least) if "pattern" not in schema else _fitting(schema["pattern"], least)
        )

    def _resolved(self, schema: Json) -> Json:
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rsplit("/", 1)[1]]
            elif choices := schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf"):
                schema = next(one for one in choices if one.get("type") != "null")
            else:
                return schema


SAMPLES = (
    "x",
    "aa",
    "a@b.cd",
    "1",
    "29",
    "IN",
    "INR",
    "123456",
    "KA01",
    "10:00",
    "ab_c.de",
    "12345",
)


def _fitting(pattern: str, least: int) -> str:
    for sample in (*SAMPLES, "x" * least):
        if len(sample) >= least and re.search(pattern, sample):
            return sample
    return "x" * max(1, least)
