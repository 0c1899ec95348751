"""Words that other people wrote, filled in without trusting them.

A template may name its variables, choose, repeat a list and use a few filters. It is read as a tree
first and refused when it holds anything else: no calls, no attributes of Python, no arithmetic that
grows, no files but our own layout. What is left ends after a bounded number of steps and writes a
bounded number of characters, so that no clock is needed to stop it.
"""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import CodeType
from typing import Any

import msgspec
from jinja2 import PackageLoader, Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tandem.crm.notifications.domain.template_versions import ParameterWrong

OUTPUT_MAX = 1_000_000
STEPS_MAX = 10_000
NODES_MAX = 6_000
DEPTH_MAX = 30
JOINED_MAX = 200
"""Pieces that `~` puts together, of the whole template."""

LAYOUT, PARTS = "layout.html", "parts.html"
MACROS = frozenset({"button", "facts"})
_FILTERS = (
    "capitalize default e escape first last length lower round sort striptags title trim "
    "truncate upper urlencode wordcount"
)
FILTERS = frozenset(_FILTERS.split())
"""None of them can make something long of something short: `join` and `replace` can."""
TESTS = frozenset(["defined", "undefined", "none", "number", "string", "even", "odd"])
LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length"})
BUDGET = "_budget"

ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.List,
    nodes.Tuple,
    nodes.Keyword,
    nodes.Block,
    nodes.Extends,
    nodes.FromImport,
    nodes.Call,
)


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a template's source turned out to hold. `names` are the variables it needs, with their
    first field where it names one (`customer.city`)."""

    problems: list[str]
    names: frozenset[str]


def read(source: str) -> Read:
    """Look through a source without running it."""
    try:
        _, found = _parsed(source, is_html=True)
    except _Unreadable as reason:
        return Read(problems=[str(reason)], names=frozenset())
    problems = _problems(found)
    return Read(problems=problems, names=frozenset() if problems else _needed(found))


class _Unreadable(Exception):
    pass


def _parsed(source: str, *, is_html: bool) -> tuple[nodes.Template, list[tuple[nodes.Node, int]]]:
    try:
        tree = _environment(is_html=is_html).parse(source)
        return tree, list(_walk(tree))
    except TemplateSyntaxError as reason:
        raise _Unreadable(f"Line {reason.lineno}: {reason.message}") from reason
    except RecursionError as reason:
        raise _Unreadable("It is nested too deeply.") from reason


UNFIT = (_Unreadable, TemplateError, TypeError, ValueError, ArithmeticError, LookupError)


def fill(source: str, values: Mapping[str, Any], *, is_html: bool) -> str:
    """Raises ParameterWrong where what comes out has no end."""
    written: list[str] = []
    size = 0
    try:
        for piece in _compiled(source, is_html).generate({**values, BUDGET: [STEPS_MAX]}):
            size += len(piece)
            if size > OUTPUT_MAX:
                raise ParameterWrong("With these values the message grows beyond all bounds.")
            written.append(piece)
    except UNFIT as reason:
        # A filter given what it cannot take: the words and these values do not fit together.
        raise ParameterWrong(f"The words cannot be filled: {reason}"[:300]) from reason
    return "".join(written)


@lru_cache(maxsize=512)
def _compiled(source: str, is_html: bool) -> Template:
    environment = _environment(is_html=is_html)
    tree, found = _parsed(source, is_html=is_html)
    if problems := _problems(found):
        raise _Unreadable(problems[0])
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
    code: CodeType = environment.compile(tree)
    return Template.from_code(environment, code, environment.globals)


class _Words(ImmutableSandboxedEnvironment):
    """Names lead into the values that were given, and never to what Python knows of them."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, list | tuple) and isinstance(argument, int):
            return obj[argument] if -len(obj) <= argument < len(obj) else self.undefined()
        return self._field(obj, argument)

    def _field(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, dict):
            return obj.get(name, self.undefined())
        if isinstance(obj, LoopContext) and name in LOOP_FIELDS:
            return getattr(obj, name)
        return self.undefined()


@cache
def _environment(*, is_html: bool) -> _Words:
    made = _Words(
        loader=PackageLoader("tandem.crm.notifications", "templates"),
        autoescape=is_html,
        undefined=_Nothing,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals = {}
    made.filters = {name: made.filters[name] for name in FILTERS} | {"counted": _counted}
    return made


class _Nothing(Undefined):
    """A field that a row does not have is empty, and so is whatever is asked of it."""

    def __getattr__(self, name: str) -> "_Nothing":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: object) -> "_Nothing":  # type: ignore[override]
        return self


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> list[Any]:
    """The items of a loop, taken off what one message may spend."""
    budget = context[BUDGET]
    held = list(items)
    budget[0] -= len(held) + 1
    if budget[0] < 0:
        raise ParameterWrong("With these values the message repeats itself too often.")
    return held


def _walk(node: nodes.Node, depth: int = 0) -> Iterable[tuple[nodes.Node, int]]:
    yield node, depth
    for child in node.iter_child_nodes():
        yield from _walk(child, depth + 1)


def _problems(found: list[tuple[nodes.Node, int]]) -> list[str]:
    if len(found) > NODES_MAX:
        return ["It has too many expressions."]
    if max(depth for _, depth in found) > DEPTH_MAX:
        return ["It is nested too deeply."]
    if sum(len(node.nodes) for node, _ in found if isinstance(node, nodes.Concat)) > JOINED_MAX:
        return ["It puts too many pieces together with '~'."]
    return list(dict.fromkeys(problem for node, _ in found for problem in _wrong_with(node)))


def _wrong_with(node: nodes.Node) -> Iterable[str]:
    if not isinstance(node, ALLOWED):
        yield f"Line {node.lineno}: {type(node).__name__.lower()} is not allowed in a template."
    elif isinstance(node, nodes.Name | nodes.Getattr):
        name = node.name if isinstance(node, nodes.Name) else node.attr
        if name.startswith("_"):
            yield f"Line {node.lineno}: {name!r} is not a variable."
    elif isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            yield f"Line {node.lineno}: there is no filter {node.name!r}."
    elif isinstance(node, nodes.Test):
        if node.name not in TESTS:
            yield f"Line {node.lineno}: there is no test {node.name!r}."
    else:
        yield from _wrong_with_structure(node)


def _wrong_with_structure(node: nodes.Node) -> Iterable[str]:
    line = f"Line {node.lineno}"
    match node:
        case nodes.Getitem(arg=key) if not _is_plain_key(key):
            yield f"{line}: a place in a list is named by a number or a word."
        case nodes.For(recursive=True):
            yield f"{line}: a loop may not call itself."
        case nodes.Extends(template=named) if _constant(named) != LAYOUT:
            yield f"{line}: only {LAYOUT!r} can be extended."
        case nodes.FromImport(template=named) if _constant(named) != PARTS:
            yield f"{line}: only {PARTS!r} can be imported from."
        case nodes.FromImport(names=names) if not {_plain(one) for one in names} <= MACROS:
            yield f"{line}: {PARTS} has {', '.join(sorted(MACROS))}."
        case nodes.Call() if not _is_macro(node):
            yield f"{line}: calls are not allowed in a template."


def _is_plain_key(key: nodes.Node) -> bool:
    given = _constant(key)
    return isinstance(given, int) or (isinstance(given, str) and not given.startswith("_"))


def _is_macro(node: nodes.Call) -> bool:
    return isinstance(node.node, nodes.Name) and node.node.name in MACROS


def _constant(node: nodes.Node) -> object:
    return node.value if isinstance(node, nodes.Const) else None


def _plain(imported: object) -> str:
    """`from … import a` gives a name, `import a as b` a pair: the pair stays unknown."""
    return imported if isinstance(imported, str) else "-"


def _needed(walked: list[tuple[nodes.Node, int]]) -> frozenset[str]:
    found = [node for node, _ in walked]
    own = {one.name for one in found if isinstance(one, nodes.Name) and one.ctx == "store"}
    own |= {"loop", "true", "false", "none", "self", *MACROS}
    fields = {
        id(one.node): f"{one.node.name}.{one.attr}"
        for one in found
        if isinstance(one, nodes.Getattr) and isinstance(one.node, nodes.Name)
    }
    names = {
        fields.get(id(one), one.name)
        for one in found
        if isinstance(one, nodes.Name) and one.ctx == "load" and one.name not in own
    }
    if any(isinstance(one, nodes.Extends) for one in found):
        has_footer = any(isinstance(one, nodes.Block) and one.name == "footer" for one in found)
        names |= {"company"} | (set() if has_footer else {"order"})
    return frozenset(names - {"subject"})
