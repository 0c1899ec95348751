"""Fields that are kept back from somebody: hidden, or shown and not to be changed.

A struct says which resource it shows: `resource: ClassVar[str] = "customer"`. Where one of its
fields is called otherwise than the rule, or shows another resource's, `field_rules` says so:
`{"fit_score": "score", "unit_price_minor": "product.price_minor"}`; what tells of two is kept back
with either: `"order.total_minor product.price_minor"`. These do the rest:

- the edge leaves hidden fields out of every JSON answer, and refuses to filter by, sort by or write
  what is kept back (`kernel.http.fields`);
- a page is given `shown` values: `KEPT` in the place of what is hidden, which prints as a dash;
- files and searches that a service makes itself are made of `veiled` records;
- a change that a form sends back leaves alone what it could not show (`changeable`).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden

T = TypeVar("T")
C = TypeVar("C")
S = TypeVar("S", bound=msgspec.Struct)


class FieldKept(Forbidden):
    """A field that the asker may not see, or not change, was named."""

    code = "field_kept_back"


class Kept:
    """In the place of a hidden value on a page: prints as a dash, is nothing, has nothing."""

    def __str__(self) -> str:
        return "–"

    __html__ = __repr__ = __str__

    def __format__(self, _: str) -> str:
        return "–"

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Any:
        return iter(())

    def __getattr__(self, name: str) -> "Kept":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def _itself(self, *_: Any, **__: Any) -> "Kept":
        return self

    __getitem__ = __call__ = __neg__ = __abs__ = __round__ = _itself
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _itself

    def _never(self, _: Any) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _never


KEPT = Kept()


def changeable(actor: Actor, resource: str, given: dict[str, Any]) -> dict[str, Any]:
    """What of a change the actor may make. A form sends every field it showed, emptied ones too:
    those that are kept back stay as they are."""
    if not actor.hidden and not actor.read_only:
        return given
    kept = actor.hidden | actor.read_only
    return {name: value for name, value in given.items() if f"{resource}.{name}" not in kept}


def as_kept(actor: Actor, after: S, before: msgspec.Struct | None) -> S:
    """A changed record with what is kept back from the actor as it was before; of a new one
    (`before` is None), as it is where nobody says anything."""
    if not actor.hidden and not actor.read_only:
        return after
    kept = {
        name: getattr(before, name) if before is not None else _empty(getattr(after, name))
        for name, rules in ruled(type(after)).items()
        if rules & actor.hidden or rules & actor.read_only
    }
    return msgspec.structs.replace(after, **kept) if kept else after


def is_kept(actor: Actor, rule: str) -> bool:
    """Hidden from the actor, or not theirs to change."""
    return rule in actor.hidden or rule in actor.read_only


def check_changeable(actor: Actor, resource: str, field: str) -> None:
    if f"{resource}.{field}" in actor.hidden | actor.read_only:
        raise FieldKept("You may not change this field.", field=field)


def check_columns(actor: Actor, columns: Mapping[str, str]) -> None:
    """For a file: `columns` are its headings, each with the rule of the field that it would write.
    The refusal names every one that the actor may not change."""
    kept = actor.hidden | actor.read_only
    errors = [
        {"column": column, "code": FieldKept.code, "message": f"You may not change {rule}."}
        for column, rule in columns.items()
        if rule in kept
    ]
    if errors:
        named = ", ".join(repr(one["column"]) for one in errors)
        raise FieldKept(
            f"You may not change what these columns hold: {named}. Leave them out.",
            field="columns",
            errors=errors,
        )


def check_shown(actor: Actor, *fields: str) -> None:
    """For what cannot be told with a part of it left out: a sealed document, a sum, a rule."""
    for field in fields:
        if field in actor.hidden:
            raise FieldKept("This would show a field that is hidden from you.", field=field)


def check_whole(actor: Actor, resource: str) -> None:
    """As `check_shown`, for a document that shows all of a record."""
    check_shown(actor, *sorted(rule for rule in actor.hidden if rule.startswith(f"{resource}.")))


@cache
def ruled(struct: type) -> Mapping[str, frozenset[str]]:
    """Each field's rules, `customer.notes`; nothing for a struct that shows no resource."""
    resource = getattr(struct, "resource", None)
    if not isinstance(resource, str):
        resource = None
    own: Mapping[str, str] = getattr(struct, "field_rules", {})
    names = getattr(struct, "__struct_fields__", ())
    rules = {name: own.get(name, name) for name in names if resource or name in own}
    return {
        name: frozenset(one if "." in one else f"{resource}.{one}" for one in rule.split())
        for name, rule in rules.items()
        if resource or "." in rule
    }


@cache
def names_of(resource: str) -> Mapping[str, frozenset[str]]:
    """What the suite's structs call the resource's fields, each with the rules that keep it back:
    for records that are plain mappings, as the audit has them."""
    found: dict[str, frozenset[str]] = {}
    for struct in _structs(msgspec.Struct):
        for name, rules in ruled(struct).items():
            own = frozenset(rule for rule in rules if rule.startswith(f"{resource}."))
            if own:
                found[name] = found.get(name, frozenset()) | own
    return found


def _structs(kind: type) -> Iterator[type]:
    child: type
    for child in kind.__subclasses__():
        yield child
        yield from _structs(child)


def veiled(actor: Actor, record: S) -> S:
    """The record without what is hidden from the actor: empty texts and lists, nothing else.

    For reading only: what is written back must come from the row itself.
    """
    if not actor.hidden:
        return record
    emptied = {
        name: _empty(getattr(record, name))
        for name, rules in ruled(type(record)).items()
        if rules & actor.hidden
    }
    return msgspec.structs.replace(record, **emptied) if emptied else record


def blanked(
    actor: Actor, head: Iterable[str], cells: Iterable[C], rules: Mapping[str, str]
) -> list[C | str]:
    """A file's row, empty in the columns (`head`) whose rule hides them."""
    return [
        "" if rules.get(name) in actor.hidden else cell
        for name, cell in zip(head, cells, strict=True)
    ]


def shown(hidden: frozenset[str], value: T, loose: frozenset[str] = frozenset()) -> T:
    """The value for a page, `KEPT` wherever a hidden field was, at any depth.

    `loose` are names that stand for hidden fields in plain mappings: a form's values, an event.
    """
    return _shown(value, hidden, loose)  # type: ignore[no-any-return]


def _shown(value: Any, hidden: frozenset[str], loose: frozenset[str]) -> Any:
    if isinstance(value, msgspec.Struct):
        return _shown_struct(value, hidden, loose)
    if isinstance(value, dict):
        return {
            name: KEPT if name in loose else _shown(one, hidden, loose)
            for name, one in value.items()
        }
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(_shown(one, hidden, loose) for one in value)
    if type(value) in {list, tuple}:
        return type(value)(_shown(one, hidden, loose) for one in value)
    return value


def _shown_struct(value: msgspec.Struct, hidden: frozenset[str], loose: frozenset[str]) -> Any:
    rules = ruled(type(value))
    changed = {}
    for name in value.__struct_fields__:
        held = getattr(value, name)
        is_kept = not hidden.isdisjoint(rules.get(name, ()))
        seen = KEPT if is_kept else _shown(held, hidden, loose)
        if seen is not held:
            changed[name] = seen
    return msgspec.structs.replace(value, **changed) if changed else value


def strip(tree: Any, shape: Any, hidden: frozenset[str]) -> None:
    """Take what is hidden out of decoded JSON of this shape (`msgspec.inspect`), in place."""
    if isinstance(shape, inspect.UnionType):
        for one in shape.types:
            strip(tree, one, hidden)
    elif isinstance(shape, inspect.StructType) and isinstance(tree, dict):
        rules = ruled(shape.cls)
        for field in shape.fields:
            if not hidden.isdisjoint(rules.get(field.name, ())):
                tree.pop(field.encode_name, None)
            else:
                strip(tree.get(field.encode_name), field.type, hidden)
    elif isinstance(shape, (inspect.ListType, inspect.VarTupleType)) and isinstance(tree, list):
        for one in tree:
            strip(one, shape.item_type, hidden)
    elif isinstance(shape, inspect.DictType) and isinstance(tree, dict):
        for one in tree.values():
            strip(one, shape.value_type, hidden)


@cache
def shape_of(annotation: Any) -> Any:
    """None for what is no data."""
    try:
        return inspect.type_info(annotation)
    except TypeError:
        return None


def _empty(value: Any) -> Any:
    return type(value)() if isinstance(value, (str, list, dict)) else None
