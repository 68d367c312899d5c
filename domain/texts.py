"""Texts that people write: their limits, and what is found in them."""

import re
import unicodedata
from typing import Final

from domain.errors import Invalid

USERNAME: Final = re.compile(r"[a-z0-9_.]{3,30}")
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_MENTION: Final = re.compile(r"(?<![\w.@])@([a-z0-9_.]{3,30})", re.IGNORECASE)
_HASHTAG: Final = re.compile(r"(?<![\w#])#(\w{1,64})")
_TAG: Final = re.compile(r"\w{1,64}")
MAX_TAGS: Final = 50
MAX_MENTIONS: Final = 50


def line(text: str, field: str, *, least: int = 0, most: int) -> str:
    """A one-line text, trimmed and in Unicode's composed form (NFC); `Invalid` where it breaks its limits."""
    cleaned = block(text, field, least=least, most=most)
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in cleaned):
        raise Invalid("invalid", "must be a single line without control characters", field=field)
    return cleaned


def block(text: str, field: str, *, least: int = 0, most: int) -> str:
    """A text of several lines, trimmed and in composed form; `Invalid` where it breaks its limits."""
    if any(unicodedata.category(letter) == "Cs" or letter == "\0" for letter in text):
        raise Invalid("invalid", "must be text without NUL bytes or broken characters", field=field)
    cleaned = unicodedata.normalize("NFC", text.strip())
    if len(cleaned) < least:
        raise Invalid("invalid", f"must have at least {least} character{'s' if least > 1 else ''}", field=field)
    if len(cleaned) > most:
        raise Invalid("invalid", f"must have at most {most} characters", field=field)
    return cleaned


def username(text: str) -> str:
    """A username in its stored form: case-folded, 3-30 of a-z, 0-9, underscore and full stop."""
    folded = text.casefold()
    if not USERNAME.fullmatch(folded):
        raise Invalid("invalid", "must be 3 to 30 of a-z, 0-9, _ and .", field="username")
    return folded


def email(text: str) -> str:
    """An email address in the form in which it is unique: trimmed and case-folded."""
    folded = line(text, "email", most=254).casefold()
    if not EMAIL.fullmatch(folded):
        raise Invalid("invalid", "must be an email address", field="email")
    return folded


def mentions(*texts: str) -> tuple[str, ...]:
    """The usernames that are addressed as @name, each once, in order."""
    found = (match.group(1).casefold().rstrip(".") for text in texts for match in _MENTION.finditer(text))
    return tuple(dict.fromkeys(name for name in found if USERNAME.fullmatch(name)))[:MAX_MENTIONS]


def tags(given: tuple[str, ...], *texts: str) -> tuple[str, ...]:
    """The tags that were given and those written as #tag, case-folded, each once, in order."""
    if len(given) > MAX_TAGS:
        raise Invalid("invalid", f"must have at most {MAX_TAGS} items", field="tags")
    stated = []
    for tag in given:
        cleaned = line(tag, "tags", most=65).removeprefix("#").casefold()
        if not _TAG.fullmatch(cleaned):
            raise Invalid("invalid", "a tag is 1 to 64 letters, digits or underscores", field="tags")
        stated.append(cleaned)
    found = (match.group(1).casefold() for text in texts for match in _HASHTAG.finditer(text))
    return tuple(dict.fromkeys((*stated, *found)))[:MAX_TAGS]
