"""One owner per data folder.

The kernel drops the lock with its holder, so a `kill -9` never leaves a lock behind.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from tandem.app.embedded.refusals import CannotRun


class InUse(CannotRun):
    """Another process works on this folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.pid = pid
        holder = f"the process {pid}" if pid else "another process"
        super().__init__(
            f"{folder} is in use by {holder}. Stop that one first, or choose another folder."
        )


class DataLock:
    """An exclusive lock on `folder`, held until `release` or the end of this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> Self:
        """Take the lock or refuse with `InUse`, naming the pid of the holder. Never waits."""
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.pread(descriptor, 20, 0).strip()
            os.close(descriptor)
            raise InUse(self._folder, int(written) if written.isdigit() else None) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
