"""Sealed texts: small values that clients carry and bring back, which only this installation can have made."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

LONGEST: Final = 4096
_MAC: Final = 16


@dataclass(frozen=True, slots=True)
class Sealer:
    """HMAC-SHA256 (RFC 2104), cut to 128 bits, under a key of its own for each purpose."""

    secret: bytes = field(repr=False)

    def seal(self, purpose: str, value: Any) -> str:
        """The value (anything that JSON holds) as opaque text that is safe in a URL and a header."""
        payload = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
        return urlsafe_b64encode(self._mac(purpose, payload) + payload).decode().rstrip("=")

    def open(self, purpose: str, text: str, *, longest: int = LONGEST) -> Any | None:
        """The value behind such a text; None for one that was not made here, not for this purpose, or is too long."""
        if not text or len(text) > longest or not text.isascii():
            return None
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (Error, ValueError):
            return None
        mac, payload = raw[:_MAC], raw[_MAC:]
        # decoding skips letters that are not of the alphabet: only the text that was given out counts
        if urlsafe_b64encode(raw).decode().rstrip("=") != text or not hmac.compare_digest(
            mac, self._mac(purpose, payload)
        ):
            return None
        return orjson.loads(payload)

    def _mac(self, purpose: str, payload: bytes) -> bytes:
        return hmac.digest(self.secret, f"{purpose}\0".encode() + payload, "sha256")[:_MAC]
