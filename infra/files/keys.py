"""Which keys an object may have: short, plain, relative paths that mean the same on every file system."""

import re
from typing import Final

from domain.errors import Invalid

MAX_LENGTH: Final = 512
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)


def checked(key: str) -> str:
    """The key itself; `Invalid("object_key_invalid")` for anything that could leave the root or surprise a shell.

    Segments are joined by single slashes, hold ASCII letters, digits, `.`, `_` and `-`, and don't begin with a dot.
    """
    if len(key) > MAX_LENGTH or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise Invalid("object_key_invalid", "That is not the key of an object.")
    return key


def checked_prefix(prefix: str) -> str:
    """A prefix of keys: whole segments ending in a slash, or nothing."""
    if prefix:
        checked(prefix.removesuffix("/"))
    return prefix
