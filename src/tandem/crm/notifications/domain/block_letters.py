"""Blocks become MJML. Pure; what a block holds is text at its place and never markup.

Only Jinja's own signs stay as they are: they are filled in later, as in any letter.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from tandem.crm.notifications.domain.blocks import (
    BLOCKS_MAX,
    CONTRAST_MIN,
    INK,
    WHITE,
    AnyBlock,
    Button,
    Columns,
    Divider,
    Heading,
    Image,
    Part,
    SimpleBlock,
    Spacer,
    Text,
    Theme,
    contrast,
)
from tandem.crm.notifications.domain.letters import TOKENS, without_jinja
from tandem.crm.notifications.domain.parts import LETTERS, PART, put_in, sectioned
from tandem.crm.notifications.domain.template_versions import SOURCE_LENGTH_MAX, Content
from tandem.kernel.errors import Invalid

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LINK = re.compile(r"(https?://[^\s/]\S*|mailto:\S+@\S+|tel:\+?[0-9][\d-]+|zq\d+qz\S*)")
PICTURE = re.compile(r"(https?://[^\s/]\S*|zq\d+qz\S*)")
WHOLE = re.compile(r"\{%[-+]?\s*(extends|block|raw)\b")
"""What reaches beyond a block, a `raw` that nothing ends included."""
FONT = "Helvetica, Arial, sans-serif"
INSET = 24
"""Pixels left and right of the words."""

Fault = tuple[str, str]
"""(field, what is wrong with it): `blocks[3].link`."""


def faults(content: Content, channel: str) -> list[Fault]:
    """What stands in the way of keeping these blocks, each with its place."""
    if content.blocks is None:
        return [("theme", "A theme belongs to blocks.")] if content.theme else []
    if channel not in LETTERS:
        return [("blocks", "Only an e-mail is put together of blocks.")]
    found = list(_theme_faults(content.theme or Theme()))
    walked = list(_walk(content.blocks))
    if len(walked) > BLOCKS_MAX:
        found.append(("blocks", f"A letter has {BLOCKS_MAX} blocks at most."))
    for place, block in walked:
        if channel == PART and isinstance(block, Part):
            found.append((f"{place}.part", "A part holds no other part."))
        found += [(f"{place}.{name}", said) for name, said in _block_faults(block)]
    source = compiled_blocks(content.blocks, content.theme or Theme(), is_part=channel == PART)
    if len(source) > SOURCE_LENGTH_MAX:
        found.append(("blocks", f"A letter has {SOURCE_LENGTH_MAX:,} characters at most."))
    return found


def told(content: Content, channel: str) -> list[str]:
    """The same for a reader, who counts blocks from one."""
    said: list[str] = []
    for field, reason in faults(content, channel):
        place = [int(one) + 1 for one in re.findall(r"\[(\d+)\]", field)]
        side = next((f" {one}" for one in ("left", "right") if f".{one}[" in field), "")
        named = f"Block {place[0]}{side}{f' {place[1]}' if side else ''}: " if place else ""
        said.append(f"{named}{reason}")
    return said


def laid_out(content: Content, channel: str) -> Content:
    """With the source that the blocks make, if it is blocks. Never refuses: what a fault is of
    stays text, or is left out."""
    if content.blocks is None:
        return content
    theme = content.theme or Theme()
    source = compiled_blocks(content.blocks, theme, is_part=channel == PART)
    return msgspec.structs.replace(content, format="mjml", source=source, theme=theme)


def check(content: Content, channel: str) -> Content:
    """What is kept. Raises Invalid naming the first block that cannot be."""
    for field, said in faults(content, channel):
        raise Invalid(said, field=field)
    return laid_out(content, channel)


def without_blocks(content: Content) -> Content:
    """As MJML from now on. There is no way back: markup says more than blocks can."""
    return msgspec.structs.replace(content, blocks=None, theme=None)


def with_parts(content: Content, parts: dict[str, str]) -> Content:
    """A part stands among blocks as a section of its own, however it was written."""
    if content.blocks is not None:
        parts = {key: sectioned(source) for key, source in parts.items()}
    return put_in(content, parts)


def compiled_blocks(blocks: Sequence[AnyBlock], theme: Theme, *, is_part: bool) -> str:
    """MJML, readable by who takes it on from there."""
    body: list[str] = []
    for is_simple, several in groupby(blocks, lambda one: not isinstance(one, Columns | Part)):
        if is_simple:
            body += _section([_column(several, theme)])  # type: ignore[arg-type]
            continue
        for one in several:
            if isinstance(one, Columns):
                columns = [_column(side, theme) for side in (one.left, one.right)]
                body += _section(columns)
            elif isinstance(one, Part) and one.part:
                body.append(f'{{% include "{one.part}" %}}')
    if is_part:
        return "\n".join(body) + "\n" if body else ""
    lines = [
        "<mjml>",
        f'<mj-body background-color="{theme.background}" width="{theme.width}px">',
        *body,
        "</mj-body>",
        "</mjml>",
    ]
    return "\n".join(lines) + "\n"


def _section(columns: list[list[str]]) -> list[str]:
    inside = [line for column in columns for line in column]
    return [f'<mj-section background-color="{WHITE}" padding="12px 0">', *inside, "</mj-section>"]


def _column(blocks: Sequence[SimpleBlock], theme: Theme) -> list[str]:
    lines = [line for one in blocks for line in _lines(one, theme)]
    return ["<mj-column>", *(f"  {line}" for line in lines), "</mj-column>"]


def _lines(block: SimpleBlock, theme: Theme) -> list[str]:
    match block:
        case Heading():
            size = "26px" if block.size == "large" else "19px"
            level = "h1" if block.size == "large" else "h2"
            style = f"margin:0;font-size:{size};line-height:1.3;font-weight:700"
            words = f'<{level} style="{style}">{_plain(block.text)}</{level}>'
            return [_text(words, block.align, size, INK)]
        case Text():
            size, ink = ("15px", INK) if block.size == "normal" else ("12px", "#5d6b7c")
            return [_text(_marked_up(block.text, theme), block.align, size, ink)]
        case Button():
            return [_button(block, theme)]
        case Image():
            return [_image(block)] if _is_address(block.address, PICTURE) else []
        case Divider():
            edge = 'border-width="1px" border-color="#d9dfe6"'
            return [f'<mj-divider {edge} padding="12px {INSET}px"></mj-divider>']
        case Spacer():
            return [f'<mj-spacer height="{block.height}px"></mj-spacer>']


def _text(html: str, align: str, size: str, ink: str) -> str:
    look = f'font-family="{FONT}" font-size="{size}" line-height="1.6" color="{ink}"'
    return f'<mj-text align="{align}" {look} padding="6px {INSET}px">{html}</mj-text>'


def _button(block: Button, theme: Theme) -> str:
    link = _attribute(block.link) if _is_address(block.link, LINK) else "#"
    look = (
        f'align="{block.align}" background-color="{theme.accent}" color="{theme.on_accent}" '
        f'font-family="{FONT}" font-size="15px" font-weight="600" border-radius="6px" '
        f'inner-padding="12px 22px" padding="10px {INSET}px"'
    )
    return f'<mj-button href="{link}" {look}>{_plain(block.label)}</mj-button>'


def _image(block: Image) -> str:
    wide = f' width="{block.width}px"' if block.width else ""
    leads = _is_address(block.link, LINK)
    link = f' href="{_attribute(block.link)}"' if leads else ""
    named = f'src="{_attribute(block.address)}" alt="{_attribute(block.alt)}"{link}'
    return f'<mj-image {named} align="{block.align}"{wide} padding="8px {INSET}px"></mj-image>'


def _marked_up(text: str, theme: Theme) -> str:
    if _unreadable(text):
        return _plain(text)
    hidden, pieces = without_jinja(text)
    html = _markdown().render(hidden).strip().replace("\n", " ")
    html = html.replace("<a ", f'<a style="color:{theme.link}" ')
    html = html.replace("<p>", '<p style="margin:0 0 10px">')
    return _shown(html, pieces)


@cache
def _markdown() -> "MarkdownIt":
    """No markup of HTML, no pictures: the small signs that mails are written with."""
    from markdown_it import MarkdownIt  # 60 modules, for the first letter of blocks

    made = MarkdownIt("zero", {"html": False, "breaks": True})
    made.enable(["emphasis", "link", "list", "newline", "escape", "autolink"])
    made.validateLink = lambda url: LINK.fullmatch(url) is not None  # type: ignore[method-assign]
    return made


def _plain(text: str) -> str:
    """Text as text; the variables in it stay, unless they cannot be read at all."""
    if _unreadable(text):
        return escape(text).replace("{", "&#123;").replace("}", "&#125;")
    hidden, pieces = without_jinja(text)
    return _shown(escape(hidden), pieces)


def _attribute(text: str) -> str:
    return _plain(text)


def _shown(hidden: str, pieces: list[str]) -> str:
    return TOKENS.sub(lambda found: pieces[int(found[1])], hidden)


def _is_address(text: str, form: re.Pattern[str]) -> bool:
    hidden, _ = without_jinja(text)
    return form.fullmatch(hidden) is not None and not _unreadable(text)


def _unreadable(text: str) -> str:
    """What Jinja says of it, each block's words by themselves; empty where they can be read."""
    if not any(sign in text for sign in ("{{", "{%", "{#", "}}", "%}")):
        return ""
    if found := WHOLE.search(text):
        return f"{found[1]!r} is of a whole letter, and not of one block."
    from tandem.crm.notifications.domain import sandbox  # Jinja: 3 MB

    problems = sandbox.read(text).problems
    hidden, _ = without_jinja(text)
    is_left = any(sign in hidden for sign in ("{{", "{%", "{#"))
    return problems[0] if problems else "A variable does not end." * is_left


def _walk(blocks: Sequence[AnyBlock]) -> Iterator[tuple[str, AnyBlock]]:
    for at, block in enumerate(blocks):
        yield f"blocks[{at}]", block
        if isinstance(block, Columns):
            for side in ("left", "right"):
                for inner_at, inner in enumerate(getattr(block, side)):
                    yield f"blocks[{at}].{side}[{inner_at}]", inner


def _theme_faults(theme: Theme) -> Iterator[Fault]:
    ratio = contrast(theme.on_accent, theme.accent)
    if ratio < CONTRAST_MIN:
        said = f"This cannot be read on the accent colour: {ratio:.1f} to 1, {CONTRAST_MIN} needed."
        yield "theme.button_text", said


def _block_faults(block: AnyBlock) -> Iterator[Fault]:
    match block:
        case Heading() | Text():
            yield from _words_faults("text", block.text)
        case Button():
            yield from _words_faults("label", block.label)
            yield from _address_faults("link", block.link, LINK)
        case Image():
            yield from _address_faults("address", block.address, PICTURE)
            yield from _words_faults("alt", block.alt)
            if block.link:
                yield from _address_faults("link", block.link, LINK)
        case Part() if not block.part:
            yield "part", "Choose a part."


def _words_faults(name: str, text: str) -> Iterator[Fault]:
    if not text.strip():
        yield name, "Say what it shows." if name == "alt" else "Write something, or remove it."
    elif problem := _unreadable(text):
        yield name, problem


def _address_faults(name: str, text: str, form: re.Pattern[str]) -> Iterator[Fault]:
    if not _is_address(text, form):
        ways = "https://, mailto: or tel:," if form is LINK else "https://"
        example = "view_link" if form is LINK else "picture_link"
        yield name, f"Begin with {ways} or with a variable such as {{{{ {example} }}}}."
