"""What is asked of people who bought nothing, once, and often: by field, by event, put together."""

from typing import Any


def questions() -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = [
        {"field": field, "op": op, "value": value}
        for field, values in (("order_count", (0, 1, 3)), ("spent", (0, "12.345", 200)))
        for op in ("is", "is_not", "lt", "lte", "gt", "gte")
        for value in values
    ]
    asked += [{"field": "order_count", "op": op} for op in ("set", "unset")]
    asked += [
        {"field": field, "op": op, "value": "P15D"}
        for field in ("last_order_at", "first_order_at")
        for op in ("in_last",)
    ]
    asked += [
        {"event": "order_placed", "count": {"op": op, "n": n}, "within": "P25D"}
        for op in ("is", "lt", "lte", "gt", "gte")
        for n in (0, 1, 2, 3)
    ]
    asked += [{"event": "order_placed", "count": {"op": op, "n": 2}} for op in ("is", "lt", "gte")]
    asked += [
        {"field": "phones", "op": "has", "value": "+919845000001"},
        {"field": "phones", "op": "has_any", "value": ["+919845000002", "+919845000003"]},
        {"field": "emails", "op": "set"},
        {"field": "rfm_segment", "op": "in", "value": ["new", "loyal"]},
        {"field": "locale", "op": "starts_with", "value": "hi"},
        {"field": "locale", "op": "in", "value": ["ta", "en-in"]},
        {"field": "locale", "op": "unset"},
        {"field": "phones", "op": "has_all", "value": ["+919845000001", "+919845000001"]},
        {"field": "phones", "op": "has_all", "value": ["+919845000001", "+919845000002"]},
        {"any": [{"event": "paid"}, {"field": "order_count", "op": "gte", "value": 3}]},
    ]
    asked += [
        {"event": "happened", "count": {"op": op, "n": 2}, "where": [where]}
        for op in ("is", "lte", "gte")
        for where in (
            {"field": "kind", "op": "is", "value": "Payment_Captured"},
            {"field": "kind", "op": "in", "value": ["payment_captured", "order_placed"]},
            {"field": "kind", "op": "is_not", "value": "payment_captured"},
        )
    ]
    asked += [
        {"event": "paid", "count": {"op": op, "n": 1}, "where": [
            {"field": "amount", "op": "gte", "value": "12.35"}]}
        for op in ("is", "lt", "gt")
    ]  # fmt: skip
    often = {"event": "order_placed", "count": {"op": "gte", "n": 2}}
    phone = {"field": "phones", "op": "has", "value": "+919845000001"}
    indian = {"field": "locale", "op": "starts_with", "value": "hi"}
    asked += [{"event": "happened", "count": {"op": "gte", "n": n}} for n in (0, 1, 3)]
    asked += [
        {"all": [often, indian]},
        {"all": [{**often, "within": "P25D"}, {"any": [phone, indian]}, {"not": indian}]},
        {"all": [{"field": "phones", "op": "set"}, {"all": [indian, {"not": {"not": often}}]}]},
        {"all": [often, {"not": {"any": [{"event": "paid"}, indian]}}]},
        {"all": [{"not": {"all": [often, indian]}}, {"event": "happened"}]},
        {"all": [often, {"any": [{"event": "paid"}, indian]}]},
        {"all": [often, {"any": [{"field": "spent", "op": "gt", "value": 12}, indian]}]},
    ]
    return asked
