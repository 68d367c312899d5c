"""Kept lists that only whoever has their name can read.

Lists of tags hold words of members, and last for days. Their names stand in cursors alone: what is stored lies under a
digest of the name and is sealed with a key that is another, so nothing in clear outlives those who wrote it.
"""

from base64 import b85decode, b85encode
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.eventstore.sealing import seal, unseal
from projections.ports import Walks


class SealedWalks:
    """The port `Walks` over another one; names are to be random, as long as a key needs to be."""

    def __init__(self, walks: Walks) -> None:
        self._walks = walks

    async def keep(self, walk: str, number: int, items: Sequence[str]) -> Sequence[str]:
        """Keep a chunk, and give what is kept: of several who bring the same chunk, the first one counts."""
        sealed = seal(_key(walk), "\n".join(items).encode(), _place(number))
        return _opened(walk, number, await self._walks.keep(_stored(walk), number, [b85encode(sealed).decode()]))

    async def kept(self, walk: str, number: int) -> Sequence[str] | None:
        """A chunk; None where it was never kept, or was long ago."""
        found = await self._walks.kept(_stored(walk), number)
        return None if found is None else _opened(walk, number, found)


def _opened(walk: str, number: int, kept: Sequence[str]) -> list[str]:
    (sealed,) = kept
    text = unseal(_key(walk), b85decode(sealed), _place(number)).decode()
    return text.split("\n") if text else []


def _stored(walk: str) -> str:
    return sha256(b"name of a walk:" + walk.encode()).hexdigest()[:32]


def _key(walk: str) -> AESGCM:
    return AESGCM(sha256(b"key of a walk:" + walk.encode()).digest())


def _place(number: int) -> bytes:
    return b"chunk:%d" % number
