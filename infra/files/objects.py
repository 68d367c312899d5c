"""The object store on the file system: adapter of the port `Objects`, and what the API needs to take and serve files."""

import asyncio
import errno
import secrets
from collections.abc import AsyncIterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from commands.errors import Unavailable
from commands.ports import Now, SignedPut
from domain.errors import Invalid, TooLarge, Unsupported
from infra.files.disk import Disk, Draft, Found
from infra.files.parts import Parts
from infra.files.signing import Access, PutGrant, Signer, rounded

_CHUNK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_URLS = 50_000
"""So many URLs are remembered, some 20 MB."""


class FileObjects:
    """Objects in a directory, behind URLs that the API serves itself; blocking work runs in threads."""

    def __init__(
        self, root: Path, secret: bytes, base_url: str, *, now: Now, buckets: tuple[str, ...] = ("objects",)
    ) -> None:
        self.disk = Disk(root, buckets)
        self.parts = Parts(self.disk)
        self._signer = Signer(secret, base_url.rstrip("/"))
        # a page of photos holds hundreds of URLs, the same for every reader: signing them anew was half of its time
        self._public_url = lru_cache(_URLS)(self._signer.public_url)
        self._get_url = lru_cache(_URLS)(self._signer.get_url)
        self._now = now

    async def sign_put(self, key: str, *, content_type: str, size: int, expires_at: datetime) -> SignedPut:
        """A URL that takes exactly this object, of this type and size, until then (to the second)."""
        until = expires_at.replace(microsecond=0)
        url = self._signer.put_url(PutGrant(key, content_type, size, until))
        return SignedPut(url=url, headers={"Content-Type": content_type}, expires_at=until)

    def verify_put(
        self, key: str, query: Mapping[str, str], *, content_type: str | None, content_length: int | None
    ) -> PutGrant:
        """What a request may put, before its body is read; a missing length is left to `receive` to count.

        Raises `Forbidden` (`signature_invalid`, `signature_expired`), `Unsupported("type_mismatch")`,
        `TooLarge("too_large")` and `Invalid("size_mismatch")`.
        """
        grant = self._signer.put_grant(key, query, self._now())
        if content_type != grant.content_type and not grant.handle:
            raise Unsupported("type_mismatch", f"This link takes {grant.content_type} only.")
        if content_length is not None:
            _check_size(content_length, grant.size)
        return grant

    async def receive(self, grant: PutGrant, stream: AsyncIterable[bytes]) -> str:
        """Store what was granted as it arrives, at most a MiB of it in memory; gives its ETag.

        The object appears in one step, durably, or not at all: a byte more than granted raises `TooLarge("too_large")`
        at once, fewer raise `Invalid("size_mismatch")` in the end. Without room, `commands.errors.Unavailable` is raised.
        """
        draft = await asyncio.to_thread(self._draft, grant)
        try:
            count = 0
            waiting = bytearray()
            async for piece in stream:
                count += len(piece)
                if count > grant.size:
                    _check_size(count, grant.size)
                waiting += piece
                if len(waiting) >= _CHUNK:
                    await asyncio.to_thread(draft.write, bytes(waiting))
                    waiting.clear()
            _check_size(count, grant.size)
            await asyncio.to_thread(draft.write, bytes(waiting))
            await asyncio.to_thread(draft.keep)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise Unavailable("there is no room for what is uploaded") from error
        finally:
            await asyncio.to_thread(draft.drop)
        return await asyncio.to_thread(self._etag, grant)

    async def divide(self, key: str, *, content_type: str) -> str:
        """A handle for an object that comes in parts; its type is told by its bytes."""
        del key, content_type
        return secrets.token_hex(16)

    async def sign_part(self, key: str, handle: str, number: int, *, size: int, expires_at: datetime) -> str:
        """A URL that takes one part of exactly this size until then (to the second)."""
        return self._signer.put_url(PutGrant(key, "", size, expires_at.replace(microsecond=0), handle, number))

    async def join(self, key: str, handle: str, sizes: Sequence[int], etags: Mapping[int, str] | None = None) -> None:
        """Make one object of all its parts, in one step; done again, it does nothing."""
        await asyncio.to_thread(self.parts.join, key, handle, sizes, etags)

    async def scrap(self, key: str, handle: str) -> None:
        """End what has arrived of an object that was never joined; done again, it does nothing."""
        del key
        await asyncio.to_thread(self.parts.scrap, handle)

    def _draft(self, grant: PutGrant) -> Draft:
        return self.parts.draft(grant.handle, grant.number) if grant.handle else self.disk.draft(grant.key)

    def _etag(self, grant: PutGrant) -> str:
        return self.parts.etag(grant.handle, grant.number) if grant.handle else self.disk.find(grant.key).etag

    def public_url(self, key: str) -> str:
        """A URL for ever, for objects that everyone may see; it ends with the object's key."""
        return self._public_url(key)

    def signed_url(self, key: str, expires_at: datetime) -> str:
        """A URL until `expiry(expires_at)`: the same text all through a window of five minutes."""
        return self._get_url(key, self.expiry(expires_at))

    def expiry(self, expires_at: datetime) -> datetime:
        """When a URL asked for until then really ends: on a five-minute mark, within fifteen minutes from now."""
        return rounded(expires_at, self._now())

    def verify_get(self, key: str, query: Mapping[str, str]) -> Access:
        """Whether a URL lets its bearer read; `Forbidden` (`signature_invalid`, `signature_expired`) where not."""
        return self._signer.access(key, query, self._now())

    async def open(self, key: str) -> Found:
        """Where the object lies, and its size, ETag, time and type; `NotFound("object_not_found")` where there is none."""
        return await asyncio.to_thread(self.disk.find, key)

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably; one of the same key is replaced."""
        await asyncio.to_thread(self.disk.write, key, content, content_type)

    async def size(self, key: str) -> int | None:
        """How many bytes the object has; None where it does not exist."""
        return await asyncio.to_thread(self.disk.size, key)

    async def copy(self, source: str, target: str) -> None:
        """Give an object a second key; `NotFound` where there is none. Done again, it changes nothing."""
        await asyncio.to_thread(self.disk.copy, source, target)

    async def remove(self, keys: Sequence[str]) -> None:
        """End the objects; those that don't exist are no error."""
        await asyncio.to_thread(self.disk.remove, keys)

    async def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys under a prefix of whole segments, in order; every file under it is visited."""
        return await asyncio.to_thread(self.disk.list, prefix)

    async def sweep(self, before: datetime) -> int:
        """Remove what uploads that broke off left half written before then; gives how many."""
        return await asyncio.to_thread(lambda: self.disk.sweep(before) + self.parts.sweep(before))


def _check_size(count: int, granted: int) -> None:
    if count > granted:
        raise TooLarge("too_large", f"This link takes {granted} bytes, no more.")
    if count < granted:
        raise Invalid("size_mismatch", f"This link takes {granted} bytes; only {count} came.")
