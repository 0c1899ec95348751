"""Words and values become a message. Pure; every place gets its value in a form that is safe there.

Text becomes one printable line, links lead to pages and nowhere else, HTML is escaped, a subject
has no second line. A variable nobody knows anything of is refused when the words are published;
one that a certain person lacks takes its default.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from tandem.crm.notifications.domain.letters import Letter, from_html, from_mjml
from tandem.crm.notifications.domain.messages import SITE
from tandem.crm.notifications.domain.parts import LETTERS
from tandem.crm.notifications.domain.plain import plain_text
from tandem.crm.notifications.domain.template_versions import (
    STANDARD,
    Content,
    ParameterWrong,
    Rendered,
    TemplateVersion,
    TemplateWrong,
    Variable,
    known_variables,
)
from tandem.crm.notifications.domain.texts import one_line

SUBJECT_LENGTH_MAX = 150
SMS_LENGTH_MAX = 1_600
TEXT_LENGTH_MAX = 500
PARAGRAPH_LENGTH_MAX = 10_000
ROWS_MAX = 200
FIELDS_MAX = 40
PARAMETERS_MAX = 100
LINKS = ("https://", "http://", "mailto:", "tel:", SITE)
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what follows: out of a name, they would turn our words too."""


def render(version: TemplateVersion, parameters: Mapping[str, Any]) -> Rendered:
    """Fill a version. Raises ParameterWrong for what is required and missing, or cannot stand
    where it is used; everything else has a default or stays empty."""
    from tandem.crm.notifications.domain import sandbox  # Jinja: 3 MB, for the first message

    values = given(version.variables, parameters)
    if version.format == "text":
        text = sandbox.fill(version.source, values, is_html=False)
        if version.channel == "sms":
            return Rendered(subject="", text=lines_of(text)[:SMS_LENGTH_MAX], html="")
        return Rendered(subject=_subject(version, values), text=text.strip() + "\n", html="")
    subject = _subject(version, values)
    html = sandbox.fill(version.html, {**values, "subject": subject}, is_html=True)
    text = sandbox.fill(version.text, values, is_html=False) if version.text else plain_text(html)
    return Rendered(subject=subject, text=text.strip() + "\n", html=html)


def lines_of(text: str) -> str:
    """A text's own lines, as they were registered; only what a condition left empty goes."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def compiled(content: Content) -> Letter:
    """What is kept beside the source. Its problems stop publication, not saving a draft."""
    variables = known_variables(content.variables)
    if content.format == "text":
        return Letter(html="", problems=[])
    make = from_mjml if content.format == "mjml" else from_html
    return make(content.source, preheader=content.preheader, variables=variables)


def examine(content: Content, channel: str) -> list[str]:
    """All that is wrong with the words, for the page that shows it and for publication."""
    from tandem.crm.notifications.domain import sandbox

    letter = compiled(content)
    problems = list(letter.problems)
    if not content.source.strip() or content.blocks == []:
        problems.append("There are no words yet.")
    if channel == "email" and not content.subject.strip():
        problems.append("An e-mail needs a subject.")
    if (channel in LETTERS) == (content.format == "text"):
        problems.append(f"{content.format} is no format for {channel}.")
    for place, source in _sources(content, letter):
        found = sandbox.read(source)
        problems += [f"{place}: {problem}" for problem in found.problems]
    problems += [f"{name!r} is used but not declared." for name in missing(content)]
    return list(dict.fromkeys(problems))


def missing(content: Content) -> list[str]:
    """Variables that the words name and nobody declared."""
    from tandem.crm.notifications.domain import sandbox

    known = known_variables(content.variables)
    used = {
        name
        for _, source in _sources(content, compiled(content))
        for name in sandbox.read(source).names
    }
    return sorted(
        name for name in used if name not in known and name.partition(".")[0] not in known
    )


def check_publishable(content: Content, channel: str) -> None:
    from tandem.crm.notifications.domain import sandbox

    problems = examine(content, channel)
    if not problems:
        try:
            examples = given(content.variables, example(content.variables))
            for _, source in _sources(content, compiled(content)):
                sandbox.fill(source, {**examples, "subject": ""}, is_html=True)
        except ParameterWrong as reason:
            problems = [reason.detail]
    if problems:
        raise TemplateWrong(problems[0], field="source", problems=problems)


def example(variables: list[Variable]) -> dict[str, Any]:
    """Values to look at the words with: each variable's example, else its default or its name."""
    shown: dict[str, Any] = {}
    for one in [*STANDARD.values(), *variables]:
        value: Any = one.example or one.default or f"[{one.name}]"
        if one.kind == "list":
            value = [{}, {}]
        elif one.kind == "link" and not value.startswith(("/", *LINKS)):
            value = "/"
        _put(shown, one.name, value)
    return shown


def over(base: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The examples with what is known in their place; objects field by field."""
    merged = dict(base)
    for name, value in parameters.items():
        held = merged.get(name)
        is_both = isinstance(held, dict) and isinstance(value, Mapping)
        merged[name] = {**held, **value} if is_both and held else value
    return merged


def given(variables: list[Variable], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in the form that templates see: defaults in place, every value made safe."""
    if len(parameters) > PARAMETERS_MAX:
        raise ParameterWrong(f"A message takes {PARAMETERS_MAX} parameters at most.")
    declared = known_variables(variables)
    values: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            for field, inner in list(value.items())[:FIELDS_MAX]:
                _put(values, f"{name}.{field}", _safe(declared, f"{name}.{field}", inner))
        elif value not in (None, ""):
            _put(values, name, _safe(declared, name, value))
    for one in declared.values():
        if _find(values, one.name) in (None, ""):
            if one.is_required and not one.default:
                raise ParameterWrong(f"{one.name!r} is needed and was not given.", field=one.name)
            _put(values, one.name, [] if one.kind == "list" else one.default)
    return values


def _subject(version: TemplateVersion, values: dict[str, Any]) -> str:
    from tandem.crm.notifications.domain import sandbox

    return one_line(sandbox.fill(version.subject, values, is_html=False), SUBJECT_LENGTH_MAX)


def _sources(content: Content, letter: Letter) -> list[tuple[str, str]]:
    body = content.source if content.format == "text" else letter.html
    return [("Subject", content.subject), ("Words", body), ("Plain text", content.text)]


def _safe(declared: Mapping[str, Variable], name: str, value: Any) -> Any:
    one = declared.get(name)
    kind = one.kind if one else _kind_of(name, value)
    if kind == "list":
        rows = value if isinstance(value, list | tuple) else []
        return [_row(row) for row in rows[:ROWS_MAX]]
    if isinstance(value, bool) or value is None:
        return value
    if kind == "number" and isinstance(value, int | float):
        return value
    text = "".join(sign for sign in str(value)[: PARAGRAPH_LENGTH_MAX * 2] if sign not in TURNS)
    if kind == "link":
        return _link(name, text)
    return _paragraph(text) if kind == "paragraph" else one_line(text, TEXT_LENGTH_MAX)


def _kind_of(name: str, value: Any) -> str:
    """Of what nobody declared: what was given says it, and a `…_link` is a link."""
    if isinstance(value, list | tuple):
        return "list"
    return "link" if name.endswith("_link") else "text"


def _row(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return one_line(str(row), TEXT_LENGTH_MAX)
    return {
        str(name): _safe({}, str(name), value) for name, value in list(row.items())[:FIELDS_MAX]
    }


def _link(name: str, text: str) -> str:
    """A path of ours, or an address that a mail program opens and nothing runs."""
    if text.startswith("/") and not text.startswith("//"):
        text = f"{SITE}{text}"
    if not text.startswith(LINKS) or not text.isprintable() or " " in text:
        raise ParameterWrong(f"{name!r} is no link.", field=name)
    return text[:2_000]


def _paragraph(text: str) -> str:
    kept = "".join(
        sign
        for sign in text.replace("\r\n", "\n")
        if sign == "\n" or unicodedata.category(sign) != "Cc"
    )
    return kept[:PARAGRAPH_LENGTH_MAX]


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    root, _, field = name.partition(".")
    if not field:
        values[root] = value
    elif isinstance(held := values.setdefault(root, {}), dict):
        held[field] = value


def _find(values: Mapping[str, Any], name: str) -> Any:
    root, _, field = name.partition(".")
    held = values.get(root)
    return (held.get(field) if isinstance(held, dict) else None) if field else held
