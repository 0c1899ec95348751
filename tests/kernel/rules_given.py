"""A small vocabulary over records that the test itself hands to PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tandem.kernel.rules import Kind, RuledQuery, Vocabulary
from tandem.kernel.rules.vocabulary import CustomField, behaviour, field, whole

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ZONES = ("Asia/Kolkata", "UTC", "America/New_York", "Pacific/Auckland", "America/St_Johns")

WORDS = Vocabulary(
    tables="""
        jsonb_to_recordset(:people::jsonb)
             as c(id int, name text, worth numeric, cost bigint, is_new boolean, born date,
                  seen timestamptz, tags text[], custom jsonb)
         where :org_id::uuid is not null
    """,
    fields={
        "name": field(Kind.TEXT, "c.name", "name"),
        "worth": field(Kind.NUMBER, "c.worth", "worth"),
        "cost": whole("c.cost", "cost", parts=100),
        "is_new": field(Kind.FLAG, "c.is_new", "is new"),
        "born": field(Kind.DATE, "c.born", "birthday"),
        "seen": field(Kind.INSTANT, "c.seen", "last visit"),
        "tags": field(Kind.TAGS, "c.tags", "tags"),
        "stage": field(Kind.TEXT, "c.name", "stage", "new", "won"),
    },
    behaviours={
        "bought": behaviour(
            "from jsonb_to_recordset(:events::jsonb)"
            " as e(customer_id int, at timestamptz, worth numeric) where e.customer_id = c.id",
            at="e.at",
            label="bought",
            worth=field(Kind.NUMBER, "e.worth", "worth"),
        )
    },
    custom_column="c.custom",
).with_custom(
    [
        CustomField(key="size", kind=Kind.TEXT, label="size"),
        CustomField(key="age", kind=Kind.NUMBER, label="age"),
        CustomField(key="vip", kind=Kind.FLAG, label="vip"),
        CustomField(key="since", kind=Kind.DATE, label="since"),
        CustomField(key="likes", kind=Kind.TAGS, label="likes"),
    ]
)
MATCH = RuledQuery(
    """
    select c.id
      from jsonb_to_recordset(:people::jsonb)
           as c(id int, name text, worth numeric, cost bigint, is_new boolean, born date,
                seen timestamptz, tags text[], custom jsonb)
     where :org_id::uuid is not null and :events::jsonb is not null and {rule}
     order by c.id
    """
)
FACTS = RuledQuery(
    """
    select c.id, {facts} as facts
      from jsonb_to_recordset(:people::jsonb)
           as c(id int, name text, worth numeric, cost bigint, is_new boolean, born date,
                seen timestamptz, tags text[], custom jsonb)
     where :org_id::uuid is not null and :events::jsonb is not null
     order by c.id
    """
)

TEXTS = st.sampled_from(
    ["", "a", "A", "Ä", "ä", "ab", "Asha", "ASHA", "ı", "İ", "%", "_", "\\", "'"]
)
NUMBERS = st.sampled_from([Decimal(n) for n in ("-5", "0", "0.10", "0.1", "1", "7.25", "999999")])
DAYS = st.sampled_from(
    [date(2026, 11, 22) + timedelta(days=n) for n in (-400, -31, -30, -29, -1, 0, 1, 7, 8)]
    + [date(2024, 2, 29), date(2026, 11, 23)]
)
INSTANTS = st.sampled_from(
    [
        NOW + timedelta(hours=n)
        for n in (-8800, -731, -730, -721, -720, -719, -24, -11, -10, 0, 3, 14)
    ]
    + [datetime(2026, 10, 22, 18, 29, 59, 999999, UTC), datetime(2026, 10, 22, 18, 30, tzinfo=UTC)]
    + [NOW + timedelta(microseconds=n) for n in (-1, 1)]
)
TAGS = st.lists(st.sampled_from(["vip", "b2b", "Ä", "x y"]), max_size=3, unique=True)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


PERSON = st.fixed_dictionaries(
    {
        "name": maybe(TEXTS),
        "worth": maybe(NUMBERS),
        "cost": maybe(NUMBERS),
        "is_new": maybe(st.booleans()),
        "born": maybe(DAYS),
        "seen": maybe(INSTANTS),
        "tags": maybe(TAGS),
        "custom.size": maybe(TEXTS),
        "custom.age": maybe(NUMBERS),
        "custom.vip": maybe(st.booleans()),
        "custom.since": maybe(DAYS),
        "custom.likes": maybe(TAGS),
    }
)
PURCHASE = st.tuples(st.integers(0, 5), INSTANTS, maybe(NUMBERS))

_TEXT = TEXTS.filter(bool)
_NUMBER = (NUMBERS | st.sampled_from([Decimal("7.245"), Decimal("-5.001")])).map(float)
_PERIODS = st.sampled_from(["P1D", "P30D", "P2W", "P1M", "P1Y"])
_HOURS = st.sampled_from(["PT24H", "PT720H", "PT1H"])
_DAY = DAYS.map(str) | st.just("today") | _PERIODS.map(lambda p: {"ago": p})
_DAY |= _PERIODS.map(lambda p: {"ahead": p})
_INSTANT = _DAY | INSTANTS.map(lambda at: at.isoformat())


def _few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=3)


def _pair(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=2, max_size=2)


def _when(edge: st.SearchStrategy[Any], periods: st.SearchStrategy[str]) -> dict[str, Any]:
    return {
        "on": _DAY, "before": edge, "after": edge, "between": _pair(edge), "in_last": periods,
        "in_next": periods, "anniversary_in_next": _PERIODS,
    }  # fmt: skip


_VALUES: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {
        "is": _TEXT, "is_not": _TEXT, "in": _few(_TEXT), "not_in": _few(_TEXT),
        "contains": _TEXT, "not_contains": _TEXT, "starts_with": _TEXT,
    },
    Kind.NUMBER: {
        "is": _NUMBER, "is_not": _NUMBER, "lt": _NUMBER, "lte": _NUMBER, "gt": _NUMBER,
        "gte": _NUMBER, "between": _pair(_NUMBER), "in": _few(_NUMBER),
    },
    Kind.FLAG: {"is": st.booleans()},
    Kind.DATE: _when(_DAY, _PERIODS),
    Kind.INSTANT: _when(_INSTANT, _PERIODS | _HOURS),
    Kind.TAGS: {
        "has": _TEXT | st.just("vip"), "has_any": _few(st.sampled_from(["vip", "b2b", "no"])),
        "has_all": _few(st.sampled_from(["vip", "b2b"])),
        "has_none": _few(st.sampled_from(["vip", "Ä"])),
    },
}  # fmt: skip


def leaves(name: str, kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    asked = [
        st.fixed_dictionaries({"field": st.just(name), "op": st.just(op), "value": values})
        for op, values in _VALUES[kind].items()
    ]
    known = [st.just({"field": name, "op": op}) for op in ("set", "unset")]
    return st.one_of(*asked, *known)


_FIELDS = [(name, one.kind) for name, one in WORDS.fields.items() if name != "stage"]
_HAPPENED = st.fixed_dictionaries(
    {
        "event": st.just("bought"),
        "count": st.fixed_dictionaries(
            {"op": st.sampled_from(["is", "gte", "gt", "lte", "lt"]), "n": st.integers(0, 3)}
        ),
    },
    optional={
        "within": _PERIODS | _HOURS,
        "where": st.lists(leaves("worth", Kind.NUMBER), max_size=2),
    },
)
LEAF = st.one_of(*(leaves(name, kind) for name, kind in _FIELDS), _HAPPENED)
RULE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        _few(inner).map(lambda parts: {"all": parts}),
        _few(inner).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
