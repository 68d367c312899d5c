"""The object store of the cluster: adapter of the port `Objects`, and what publishing, serving and tidying take."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from commands.ports import Now, SignedPut
from infra.files.keys import checked
from infra.files.signing import LONGEST, rounded
from infra.minio.bucket import Bucket, Place
from infra.minio.signing import Signer

_SECOND: Final = timedelta(seconds=1)
_PRIVATE: Final = {"response-cache-control": "private, max-age=300"}
"""What a client may keep of an object that it was let to read for a while; signed, so it can't be taken off."""


class MinioObjects:
    """Objects in a bucket, behind URLs that lead straight to it; blocking work runs in threads."""

    def __init__(self, place: Place, public_url: str = "", *, now: Now) -> None:
        """`public_url` is where clients reach the store, if that is not the place's own endpoint."""
        self.bucket = Bucket(place)
        self._signer = Signer(
            (public_url or place.url).rstrip("/"), place.bucket, place.access_key, place.secret_key, place.region
        )
        self._now = now

    async def open(self) -> None:
        """Have the bucket and its policy; `commands.errors.Unavailable` where the store can't be reached."""
        await asyncio.to_thread(self.bucket.found)

    async def close(self) -> None:
        """Let the connections go."""
        await asyncio.to_thread(self.bucket.close)

    async def sign_put(self, key: str, *, content_type: str, size: int, expires_at: datetime) -> SignedPut:
        """A URL that takes exactly this object, of this type and size, until then (to the second); no call is made.

        Length and type are signed, so the store itself refuses all others. HTTP clients send the length by themselves.
        """
        until = expires_at.replace(microsecond=0)
        begins_at = min(self._now().replace(microsecond=0), until - _SECOND)
        url = self._signer.signed(
            "PUT",
            checked(key),
            begins_at=begins_at,
            seconds=(until - begins_at) // _SECOND,
            headers={"Content-Type": content_type, "Content-Length": str(size)},
        )
        return SignedPut(url=url, headers={"Content-Type": content_type}, expires_at=until)

    async def divide(self, key: str, *, content_type: str) -> str:
        """Begin an object of that type that comes in parts; gives the store's handle of it."""
        return await asyncio.to_thread(self.bucket.divide, key, content_type)

    async def sign_part(self, key: str, handle: str, number: int, *, size: int, expires_at: datetime) -> str:
        """A URL that takes one part of exactly this size until then (to the second); no call is made."""
        until = expires_at.replace(microsecond=0)
        begins_at = min(self._now().replace(microsecond=0), until - _SECOND)
        return self._signer.signed(
            "PUT",
            checked(key),
            begins_at=begins_at,
            seconds=(until - begins_at) // _SECOND,
            headers={"Content-Length": str(size)},
            query={"partNumber": str(number), "uploadId": handle},
        )

    async def join(self, key: str, handle: str, sizes: Sequence[int], etags: Mapping[int, str] | None = None) -> None:
        """Make one object of all its parts, in one step; done again, it does nothing."""
        await asyncio.to_thread(self.bucket.join, key, handle, sizes, etags)

    async def scrap(self, key: str, handle: str) -> None:
        """End what has arrived of an object that was never joined; done again, it does nothing."""
        await asyncio.to_thread(self.bucket.scrap, key, handle)

    def public_url(self, key: str) -> str:
        """A URL for ever, answered while the object is published."""
        return self._signer.url(checked(key))

    def signed_url(self, key: str, expires_at: datetime) -> str:
        """A URL until `expiry(expires_at)`: the same text all through a window of five minutes."""
        begins_at = self.expiry(expires_at) - LONGEST
        seconds = LONGEST // _SECOND
        return self._signer.signed("GET", checked(key), begins_at=begins_at, seconds=seconds, query=_PRIVATE)

    def expiry(self, expires_at: datetime) -> datetime:
        """When a URL asked for until then really ends: on a five-minute mark, within fifteen minutes from now."""
        return rounded(expires_at, self._now())

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably, unpublished; one of the same key is replaced."""
        await asyncio.to_thread(self.bucket.write, key, content, content_type)

    async def read(self, key: str) -> bytes:
        """The object's bytes; `NotFound("object_not_found")` where there is none."""
        return await asyncio.to_thread(self.bucket.read, key)

    async def size(self, key: str) -> int | None:
        """How many bytes the object has; None where it does not exist."""
        return await asyncio.to_thread(self.bucket.size, key)

    async def publish(self, keys: Sequence[str]) -> None:
        """Let everyone read the objects at their `public_url` from now on; done again, it changes nothing."""
        await asyncio.to_thread(self.bucket.publish, keys)

    async def withhold(self, keys: Sequence[str]) -> None:
        """Let their `public_url` answer no one from now on; done again, it changes nothing."""
        await asyncio.to_thread(self.bucket.withhold, keys)

    async def copy(self, source: str, target: str) -> None:
        """Give an object a second key, under which it is not published; done again, it changes nothing."""
        await asyncio.to_thread(self.bucket.copy, source, target)

    async def remove(self, keys: Sequence[str]) -> None:
        """End the objects; those that don't exist are no error."""
        await asyncio.to_thread(self.bucket.remove, keys)

    async def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys under a prefix of whole segments, in order."""
        return await asyncio.to_thread(self.bucket.list, prefix)
