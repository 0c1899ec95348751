"""Paper by Typst: the same sheet gives the same bytes. Templates are the services', fonts and
processes are one for all."""

import asyncio
import atexit
import io
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

import msgspec

from tandem.kernel.typesetter import Made, Sheet, read, write

AT_ONCE = 2
"""Typesetting is work for a core: more threads than this only make everybody wait."""
COMMAND = [sys.executable, "-m", "tandem.kernel.typesetter"]

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="typesetter")


class NotTypeset(Exception):
    """The template is wrong, or the typesetter's process cannot be run."""


class Typesetter:
    """A process that typesets for one thread. It ends by itself when nobody asks for a while."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.end)

    def made(self, sheet: Sheet) -> list[bytes]:
        """A sheet is the same however often it is set: where the process is gone, another does."""
        told = self._ask(sheet) or self._ask(sheet)
        if told is None or told.error:
            raise NotTypeset(told.error if told else "the typesetter's process ended")
        return told.files

    def end(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._process = None

    def _ask(self, sheet: Sheet) -> Made | None:
        """None when the process is gone: it had ended by itself, or was killed."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            write(process.stdin, sheet)  # type: ignore[arg-type]  # a pipe is a BinaryIO
            answer = read(process.stdout)  # type: ignore[arg-type]  # likewise
        except BrokenPipeError:
            answer = None
        if answer is None:
            self.end()
            return None
        return msgspec.msgpack.decode(answer, type=Made)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # A session of its own: what a terminal sends to end the suite would leave a trace here.
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            # So that it leaves no trace among the processes when it ends by itself.
            threading.Thread(target=self._process.wait, daemon=True).start()
        return self._process


class Own(threading.local):
    """Each thread's."""

    def __init__(self) -> None:
        self.typesetter = Typesetter()


_own = Own()


async def in_thread(typeset: Callable[[], bytes]) -> bytes:
    """Never call it inside a transaction."""
    return await asyncio.get_running_loop().run_in_executor(_threads, typeset)


def pdf(
    template: bytes, inputs: Mapping[str, str], *, made_at: datetime, for_keeping: bool = False
) -> bytes:
    """A PDF that says it was made then; PDF/A-2b where it is to be kept."""
    sheet = Sheet(
        template=template,
        inputs=inputs,
        made_at=int(made_at.timestamp()),
        for_keeping=for_keeping,
    )
    [made] = _own.typesetter.made(sheet)
    return made


def pages(template: bytes, inputs: Mapping[str, str], *, dots_per_inch: int) -> list[bytes]:
    """Every page as a PNG, to look at."""
    sheet = Sheet(template=template, inputs=inputs, dots_per_inch=dots_per_inch)
    return _own.typesetter.made(sheet)


def qr_svg(text: str) -> str:
    import segno

    held = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        held, kind="svg", border=0, scale=4, xmldecl=False, svgns=True
    )
    return held.getvalue().decode()


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Drawn one unit a module; a reader needs each of `modules` to be 0.19 mm or wider."""

    svg: str
    modules: int


def bars(text: str) -> Bars:
    """Code 128 without text; quiet zones belong to the page's layout."""
    # Brings an imaging library along where one is installed: only who prints bars needs it.
    from barcode.codex import Code128  # type: ignore[import-untyped]

    [drawn] = Code128(text).build()
    parts, at = [], 0
    for colour, run in itertools.groupby(drawn):
        width = len(list(run))
        if colour == "1":
            parts.append(f'<rect x="{at}" width="{width}" height="1"/>')
        at += width
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{at}" height="1" viewBox="0 0 {at} 1">'
    return Bars(svg=f"{head}{''.join(parts)}</svg>", modules=at)
