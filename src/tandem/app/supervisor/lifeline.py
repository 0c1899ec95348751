"""A child's side of its tie to the supervisor: `python -m … FD MODULE ARGUMENT…` runs MODULE.

The supervisor holds the other end of the pipe FD and never writes. When it is gone, however it
went, the pipe ends, and the child's whole process group is asked to stop and then killed.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 2.0


def main() -> None:
    descriptor, module, *arguments = sys.argv[1:]
    os.set_inheritable(int(descriptor), False)
    threading.Thread(target=_watch, args=(int(descriptor),), name="lifeline", daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch(descriptor: int) -> None:
    os.read(descriptor, 1)
    if os.getpgrp() != os.getpid():
        os.kill(os.getpid(), signal.SIGTERM)  # Not our group: it holds strangers.
        return
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
