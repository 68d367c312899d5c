"""Signed URLs for objects: what may be done, with which object, until when.

HMAC-SHA256 (RFC 2104) over all that a URL grants, one field a line; keys and types hold no line breaks. Reading is
granted in one of two ways: for ever, for what is public, or until a time. A URL of the one kind never yields the other.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from domain.errors import Forbidden
from infra.files.keys import checked

WINDOW: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(minutes=15)
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PutGrant:
    """Leave to put one object of this size and type, or one part of one, which has no type of its own."""

    key: str
    content_type: str
    size: int
    expires_at: datetime
    handle: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Access:
    """Leave to read one object: for ever where it is public, else until `expires_at`."""

    key: str
    expires_at: datetime | None

    @property
    def public(self) -> bool:
        """Whether anyone may keep the bytes for as long as they like."""
        return self.expires_at is None


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks URLs with one secret of the installation."""

    secret: bytes
    base_url: str

    def put_url(self, grant: PutGrant) -> str:
        """A URL that takes exactly this object."""
        fields = {"expires": _seconds(grant.expires_at), "size": str(grant.size)}
        part = {"handle": grant.handle, "part": str(grant.number)}
        fields |= part if grant.handle else {"type": grant.content_type}
        return self._url(grant.key, fields, self._put_signature(grant))

    def put_grant(self, key: str, query: Mapping[str, str], now: datetime) -> PutGrant:
        """What a URL lets its bearer put; `Forbidden` where it was not made here, or is past its time."""
        grant = PutGrant(
            checked(key),
            query.get("type", ""),
            _number(query, "size"),
            _moment(query),
            query.get("handle", ""),
            _number(query, "part") if "handle" in query else 0,
        )
        _check(self._put_signature(grant), query)
        _check_time(grant.expires_at, now)
        return grant

    def public_url(self, key: str) -> str:
        """A URL that never expires; whoever has it may read the object for as long as it has this key."""
        return self._url(key, {}, self._sign("GET", checked(key), "public"))

    def get_url(self, key: str, expires_at: datetime) -> str:
        """A URL that may be read until then."""
        seconds = _seconds(expires_at)
        return self._url(key, {"expires": seconds}, self._sign("GET", checked(key), "until", seconds))

    def access(self, key: str, query: Mapping[str, str], now: datetime) -> Access:
        """What a URL lets its bearer read; `Forbidden` where it was not made here, or is past its time."""
        if "expires" not in query:
            _check(self._sign("GET", checked(key), "public"), query)
            return Access(key, None)
        until = _moment(query)
        _check(self._sign("GET", checked(key), "until", _seconds(until)), query)
        _check_time(until, now)
        return Access(key, until)

    def _put_signature(self, grant: PutGrant) -> str:
        part = (grant.handle, str(grant.number)) if grant.handle else ()
        return self._sign("PUT", grant.key, grant.content_type, str(grant.size), _seconds(grant.expires_at), *part)

    def _sign(self, *fields: str) -> str:
        return hmac.new(self.secret, "\n".join(fields).encode(), "sha256").hexdigest()

    def _url(self, key: str, fields: Mapping[str, str], signature: str) -> str:
        return f"{self.base_url}/v1/objects/{quote(key)}?{urlencode({**fields, 'signature': signature})}"


def rounded(expires_at: datetime, now: datetime) -> datetime:
    """The end of the five-minute window that the time lies in, but the last end within fifteen minutes at the most.

    All URLs of one object that are signed within a window are the same text, so pages that hold them can be cached.
    """
    up = _BEGINNING - (_BEGINNING - expires_at) // WINDOW * WINDOW
    last = _BEGINNING + (now + LONGEST - _BEGINNING) // WINDOW * WINDOW
    return min(up, last)


def _check(expected: str, query: Mapping[str, str]) -> None:
    if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
        raise _forged()


def _check_time(expires_at: datetime, now: datetime) -> None:
    if now >= expires_at:
        raise Forbidden("signature_expired", "This link has expired; ask for a new one.")


def _moment(query: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromtimestamp(_number(query, "expires"), UTC)
    except (OverflowError, OSError, ValueError):
        raise _forged() from None


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):  # noqa: PLR2004 - room for any time and size
        raise _forged()
    return int(text)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _forged() -> Forbidden:
    return Forbidden("signature_invalid", "This link was not made for what it is used for.")
