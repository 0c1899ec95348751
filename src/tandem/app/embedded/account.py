"""Which system account PostgreSQL runs as.

PostgreSQL refuses to run as root. A normal user runs it as itself; root hands it to the account
that already owns the data, else to `tandem` where an administrator made one, else to `nobody`.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tandem.app.embedded.refusals import CannotRun

NAMES = ("tandem", "nobody")


@dataclass(frozen=True, kw_only=True)
class Account:
    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """The account to drop to for the cluster in `folder`; None when we are not root."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    for name in NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise CannotRun(
        "PostgreSQL does not run as root, and this system has neither a user 'tandem' nor "
        "'nobody'. Add one (useradd --system tandem), or run as a normal user."
    )


def is_reachable(path: Path, account: Account) -> bool:
    """Whether the account may walk to `path` and read it; access lists are not consulted."""
    resolved = path.resolve()
    if not all(_grants(parent, account, stat.S_IXOTH) for parent in resolved.parents):
        return False
    needed = stat.S_IROTH | (stat.S_IXOTH if resolved.is_dir() else 0)
    return _grants(resolved, account, needed)


def is_tree_readable(folder: Path, account: Account) -> bool:
    """Whether the account may read everything below `folder` (a few thousand `stat` calls)."""
    return is_reachable(folder, account) and all(
        _grants(path, account, stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0))
        for path in folder.rglob("*")
    )


def _grants(path: Path, account: Account, needed_of_others: int) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return found.st_mode & (needed_of_others << 6) == needed_of_others << 6
    if found.st_gid == account.gid:
        return found.st_mode & (needed_of_others << 3) == needed_of_others << 3
    return found.st_mode & needed_of_others == needed_of_others
