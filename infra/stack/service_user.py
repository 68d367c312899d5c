"""The account that servers run as which refuse to run as root."""

import os
import pwd
import stat
from pathlib import Path
from typing import TypedDict

CANDIDATES = ("postgres", "nobody")


class Credentials(TypedDict, total=False):
    """Arguments of `subprocess.run` that change the account of a child."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged() -> str | None:
    """The account to step down to, or None when we are not root and so stay who we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in CANDIDATES if name in names), CANDIDATES[-1])


def credentials(user: str | None) -> Credentials:
    """How to start a child as this account; nothing for our own."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def can_pass(user: str | None, path: Path) -> bool:
    """Whether the account may go through every directory above `path`."""
    if user is None:
        return True
    entry = pwd.getpwnam(user)
    return all(_may_enter(entry, parent) for parent in path.absolute().parents if parent.exists())


def _may_enter(entry: pwd.struct_passwd, directory: Path) -> bool:
    status = directory.stat()
    if status.st_uid == entry.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == entry.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def own(path: Path, user: str | None) -> None:
    """Give the path to the account."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
