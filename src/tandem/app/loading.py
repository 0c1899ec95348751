"""Loading the program: with the garbage collector held, and without what nobody looks at.

The program itself is a million objects that never go away. The collector would look through them
again and again while they are made, and again and again afterwards: that was a third of a start and
a quarter of the CPU of placing an order.
"""

import gc
import importlib
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")
THRESHOLDS = (20_000, 20, 20)


def hold_collector() -> None:
    """Before the program is imported. Whoever calls this calls `keep_what_is_loaded` as well."""
    gc.disable()
    _load_plain_logs()


def _load_plain_logs() -> None:
    """Load structlog as if Rich were not installed, which it then does without.

    Rich colours tracebacks on a terminal; ours are lines of JSON. It came with the web framework,
    and with all that it imports it is 6 MB and a tenth of a second of each process.
    """
    if "structlog" not in sys.modules and "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # how Python says: not to be had
        try:
            importlib.import_module("structlog")
        finally:
            del sys.modules["rich"]


def keep_what_is_loaded() -> None:
    """Take everything loaded so far out of the collector's sight, and let it look less often.

    Not one object in a hundred is rubbish by then: looking for it took half a second.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()


def finish(work: Coroutine[Any, Any, R]) -> R:
    """Run it in a loop of its own. asyncio is loaded only now: `tandem up` stays small without."""
    import asyncio

    return asyncio.run(work)
