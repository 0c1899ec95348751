"""The plain part of an e-mail, made from its HTML: what a reader without pictures still needs."""

import re
from html.parser import HTMLParser

LEFT_OUT = frozenset({"head", "style", "script", "title", "template"})
_ALONE = (
    "p div h1 h2 h3 h4 h5 h6 table tr ul ol section article header footer blockquote hr body tbody"
)
ALONE = frozenset(_ALONE.split())
VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "col", "area", "base", "wbr"})
HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def plain_text(html: str) -> str:
    """Links stand behind their label, rows of a table on a line of their own."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.written).split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return f"{text}\n" if text else ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._hidden: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_hidden = tag in LEFT_OUT or HIDDEN.search(given.get("style") or "")
        if tag not in VOID and (self._hidden or is_hidden):
            self._hidden.append(tag)
            return
        if self._hidden:
            return
        if tag in ALONE:
            self.written.append("\n\n" if tag in ("p", "h1", "h2", "h3", "ul", "ol") else "\n")
        elif tag == "br":
            self.written.append("\n")
        elif tag == "li":
            self.written.append("\n- ")
        elif tag == "img" and given.get("alt"):
            self.written.append(str(given["alt"]))
        if tag == "a":
            self._links.append((given.get("href") or "", len(self.written)))

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            # What was left open inside ends with what is around it.
            if tag in self._hidden:
                while self._hidden.pop() != tag:
                    pass
            return
        if tag == "a" and self._links:
            href, since = self._links.pop()
            label = "".join(self.written[since:]).strip()
            if href and href != label and not href.startswith("#"):
                self.written.append(f": {href}" if label else href)
        elif tag in ALONE:
            self.written.append("\n\n" if tag in ("p", "h1", "h2", "h3", "ul", "ol") else "\n")
        elif tag in ("td", "th"):
            self.written.append("  ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.written.append(re.sub(r"\s+", " ", data))
