"""Children that do not outlive their parent, even when it is killed."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that asks Linux for signal `number` once the launching *thread* is gone."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)  # The parent died before the kernel had been asked.

    return ask
