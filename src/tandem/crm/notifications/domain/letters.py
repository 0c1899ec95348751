"""From what a person wrote to what a mail program may get: MJML compiled, HTML looked through.

Both happen once, when the words are saved, with the variables still in them; so nothing that is
filled in later is ever read as markup. Places where a value could do harm (inside a style, an
attribute without quotes, the beginning of an address) are refused here.
"""

import re
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec

from tandem.crm.notifications.domain.template_versions import Variable

if TYPE_CHECKING:
    import mrml

TAGS_MAX = 1_500
DEPTH_MAX = 60
"""The compiler walks down by recursion: some thousand levels would end the process."""
DATA_URI_MAX = 32_768
TOKENS = re.compile(r"zq(\d+)qz")
FOREIGN = re.compile(r"zu([0-9a-f]{2,6})uz")
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
LONE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\s*(?:\|[^}]*)?\}\}")
OPENING = re.compile(r"<([A-Za-z][A-Za-z0-9:-]*)")
MARK = re.compile(
    r"<!--.*?-->|<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*?)(/?)>|(zq\d+qz)",
    re.DOTALL,
)
QUOTED = re.compile(r"=\s*(\"[^\"]*\"|'[^']*')")
IN_TAG = re.compile(r"<[A-Za-z][^<>]*")
BODY = re.compile(r"<body[^>]*>")

_MJ_ENDING = (
    "mj-text mj-button mj-table mj-raw mj-title mj-preview mj-style mj-navbar-link "
    "mj-accordion-title mj-accordion-text mj-social-element mj-html-attribute"
)
MJ_ENDING = frozenset(_MJ_ENDING.split())
_MJ_TAGS = (
    "mjml mj-head mj-body mj-attributes mj-all mj-class mj-font mj-breakpoint mj-section "
    "mj-column mj-group mj-wrapper mj-image mj-divider mj-spacer mj-hero mj-navbar "
    "mj-social mj-accordion mj-accordion-element mj-carousel mj-carousel-image"
)
MJ_TAGS = MJ_ENDING | frozenset(_MJ_TAGS.split())
_FORBIDDEN = (
    "script iframe frame frameset object embed applet form input button textarea select "
    "base link svg math video audio source noscript template"
)
FORBIDDEN = frozenset(_FORBIDDEN.split())
ADDRESSES = frozenset({"href", "src", "background", "action", "poster", "srcset", "cite", "data"})
SCHEMES = ("https://", "http://", "mailto:", "tel:", "sms:", "#")
PICTURE = re.compile(r"data:image/(?:png|gif|jpeg|webp);base64,[A-Za-z0-9+/=\s]*")
STYLE_ESCAPES = re.compile(
    r"@import|expression\s*\(|javascript:|file:|url\((?!\s*['\"]?https:)", re.I
)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    html: str
    problems: list[str]


def from_mjml(source: str, *, preheader: str, variables: Mapping[str, Variable]) -> Letter:
    """Compile; an include is never followed. Problems are in words a writer understands."""
    masked, pieces = without_jinja(source)
    wrapped, problems = _with_raw_tokens(masked)
    if problems:
        return Letter(html="", problems=problems)
    import mrml

    try:
        options = mrml.ParserOptions(mrml.noop_loader())
        compiled = mrml.to_html(_in_ascii(wrapped), options, _options()).content
    except OSError as reason:
        return Letter(html="", problems=[f"The MJML cannot be read: {reason}"])
    letter = _from_ascii(compiled)
    return _finished(letter, pieces, preheader=preheader, variables=variables)


def from_html(source: str, *, preheader: str, variables: Mapping[str, Variable]) -> Letter:
    masked, pieces = without_jinja(source)
    if len(OPENING.findall(masked)) > TAGS_MAX:
        return Letter(html="", problems=[f"It has more than {TAGS_MAX} tags."])
    return _finished(masked, pieces, preheader=preheader, variables=variables)


@cache
def _options() -> "mrml.RenderOptions":
    """No fonts: by default each reader's mail program would ask Google for one."""
    import mrml

    return mrml.RenderOptions(fonts={})


def _in_ascii(source: str) -> str:
    """The compiler counts bytes where it is lost, and ends with a panic inside a wide character."""
    clean = FOREIGN.sub("", source)
    return "".join(one if one.isascii() else f"zu{ord(one):x}uz" for one in clean)


def _from_ascii(compiled: str) -> str:
    return FOREIGN.sub(lambda found: chr(int(found[1], 16)), compiled)


def without_jinja(source: str) -> tuple[str, list[str]]:
    """Jinja's own signs out of the way of markup: each piece becomes one word."""
    pieces: list[str] = []

    def keep(found: re.Match[str]) -> str:
        pieces.append(found[0])
        return f"zq{len(pieces) - 1}qz"

    return JINJA.sub(keep, TOKENS.sub("", source)), pieces


def _with_raw_tokens(masked: str) -> tuple[str, list[str]]:
    """A loop around whole sections stands between elements, where MJML wants `mj-raw` around it."""
    if len(OPENING.findall(masked)) > TAGS_MAX:
        return "", [f"It has more than {TAGS_MAX} tags."]
    if "<mjml" not in masked:
        return "", ["An MJML template begins with <mjml>."]
    stack: list[str] = []
    written: list[str] = []
    problems: list[str] = []
    since = deepest = 0
    for found in MARK.finditer(masked):
        closing, tag, _, alone, token = found.groups()
        if token:
            is_between = bool(stack) and stack[-1].startswith("mj") and stack[-1] not in MJ_ENDING
            if is_between:
                written += [masked[since : found.start()], f"<mj-raw>{token}</mj-raw>"]
                since = found.end()
        elif tag and closing:
            while stack and stack.pop() != tag:
                pass
        elif tag:
            problems += _wrong_with_tag(tag)
            if not alone:
                stack.append(tag)
            deepest = max(deepest, len(stack))
    if deepest > DEPTH_MAX:
        problems.append("It is nested too deeply.")
    return "".join([*written, masked[since:]]), list(dict.fromkeys(problems))


def _wrong_with_tag(tag: str) -> list[str]:
    if tag == "mj-include":
        return ["mj-include is not allowed: a template stands for itself."]
    if tag.startswith("mj") and tag not in MJ_TAGS:
        return [f"MJML has no element <{tag}>."]
    return []


def _finished(
    masked: str, pieces: list[str], *, preheader: str, variables: Mapping[str, Variable]
) -> Letter:
    looked = _Look(pieces, variables)
    try:
        looked.feed(masked)
        looked.close()
    except AssertionError:
        # html.parser's way of saying that a declaration (`<![…`) is none.
        return Letter(html="", problems=["A declaration in the HTML cannot be read."])
    problems = looked.problems
    if _is_bare(masked):
        problems.append("Put quotes around an attribute that holds a variable.")
    if preheader:
        masked = _with_preheader(masked, pieces, preheader)
    html = TOKENS.sub(lambda found: pieces[int(found[1])], masked)
    return Letter(html=html, problems=list(dict.fromkeys(problems)))


def _is_bare(masked: str) -> bool:
    """Whether a variable is the value of an attribute that has no quotes; beside an equals sign
    in the words themselves it does no harm."""
    for tag in IN_TAG.findall(QUOTED.sub("=''", masked)):
        for word in re.sub(r"=\s+", "=", tag).split():
            if TOKENS.search(word.partition("=")[2]):
                return True
    return False


def _with_preheader(masked: str, pieces: list[str], preheader: str) -> str:
    """The line that a list of mails shows beside the subject, unseen in the mail itself."""
    if any("extends" in piece for piece in pieces):
        return f"{masked}{{% block preview %}}{_escaped(preheader)}{{% endblock %}}"
    hidden = f'<div style="display:none;max-height:0;overflow:hidden">{_escaped(preheader)}</div>'
    body = BODY.search(masked)
    return masked[: body.end()] + hidden + masked[body.end() :] if body else hidden + masked


def _escaped(text: str) -> str:
    """Its own markup is text; its variables stay."""
    masked, pieces = without_jinja(text)
    safe = masked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return TOKENS.sub(lambda found: pieces[int(found[1])], safe)


def _is_switch(tag: str, attrs: Mapping[str, str | None]) -> bool:
    """What MJML makes of accordions and carousels: a box that shows or hides, and sends nothing."""
    is_box = tag == "input" and attrs.get("type") in ("checkbox", "radio")
    return is_box and (attrs.get("class") or "").startswith("mj-")


class _Look(HTMLParser):
    """Collects what must not be in a letter."""

    def __init__(self, pieces: list[str], variables: Mapping[str, Variable]) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self._pieces = pieces
        self._variables = variables
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if (tag in FORBIDDEN or tag in MJ_TAGS) and not _is_switch(tag, dict(attrs)):
            self.problems.append(f"<{tag}> is not allowed in a message.")
        if TOKENS.search(tag):
            self.problems.append("A variable cannot name a tag.")
        for name, value in attrs:
            self._look_at(tag, name, value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._in_style = False

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._look_at_style(data)

    def _look_at(self, tag: str, name: str, value: str) -> None:
        if TOKENS.search(name):
            self.problems.append(
                f"A variable or a choice cannot stand among attributes of <{tag}>."
            )
        elif name.startswith("on"):
            self.problems.append(f"{name} is not allowed: a message runs nothing.")
        elif name == "style":
            self._look_at_style(value)
        elif name in ADDRESSES:
            self._look_at_address(name, value.strip())
        elif name == "http-equiv" and value.lower() == "refresh":
            self.problems.append("A message leads nowhere by itself.")

    def _look_at_style(self, css: str) -> None:
        if TOKENS.search(css):
            self.problems.append("A variable cannot stand in a style.")
        if found := STYLE_ESCAPES.search(css):
            self.problems.append(f"{found[0]!r} is not allowed in a style.")

    def _look_at_address(self, name: str, address: str) -> None:
        if not address or address.startswith(SCHEMES):
            return
        if begins := TOKENS.match(address):
            self._look_at_link(self._pieces[int(begins[1])])
        elif name == "src" and PICTURE.fullmatch(address):
            if len(address) > DATA_URI_MAX:
                self.problems.append(f"A picture in the text may have {DATA_URI_MAX // 1024} KiB.")
        else:
            self.problems.append(
                f"{address[:60]!r} is no address for {name}: begin with https://, mailto: or tel:."
            )

    def _look_at_link(self, piece: str) -> None:
        found = LONE.fullmatch(piece)
        variable = self._variables.get(found[1]) if found else None
        if found and variable is None and found[1].endswith("_link"):
            return
        if variable is None or variable.kind != "link":
            shown = found[1] if found else piece[:60]
            self.problems.append(f"{shown!r} begins an address, so it must be of the kind link.")
