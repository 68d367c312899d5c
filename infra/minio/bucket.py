"""The blocking half of the object store: one bucket of MinIO, for threads and for worker processes."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import REPLACE, CopySource, Tags
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3.exceptions import HTTPError

from commands.errors import Unavailable
from domain.errors import Contradicted, Invalid, NotFound, Unsupported
from domain.images import RECIPE
from domain.uploads import upload_of
from infra.files.keys import checked, checked_prefix

MARK: Final = ("kind", "original")
"""The tag by which rules of the bucket's lifecycle know originals."""
IMMUTABLE: Final = "public, max-age=31536000, immutable"
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NoSuchUpload"})
_NOT_TAKEN: Final = frozenset({"InvalidStorageClass", "InvalidArgument", "MalformedXML", "InvalidRequest"})
_BUSY: Final = frozenset({"InternalError", "ServiceUnavailable", "SlowDown", "SlowDownRead", "SlowDownWrite"})
_TIMEOUT: Final = urllib3.Timeout(connect=2, read=20)
_RETRY: Final = urllib3.Retry(2, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504), raise_on_status=False)
_CONNECTIONS: Final = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is, and as whom to use it. The endpoint is `host:port`, with `https://` before it for TLS."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str = "filmroll"
    region: str = "us-east-1"

    @property
    def url(self) -> str:
        """The endpoint with its scheme."""
        return (self.endpoint if "://" in self.endpoint else f"http://{self.endpoint}").rstrip("/")


@dataclass(frozen=True, slots=True)
class Original:
    """An original in the bucket, and the storage class that it is in."""

    key: str
    size: int
    storage: str


class Bucket:
    """Objects of one bucket; any thread may call. It pickles as its place, and connects when first used.

    Every method raises `commands.errors.Unavailable` where the store can't be reached or can't cope, after two tries
    more, and `domain.errors.Invalid("object_key_invalid")` for what is no key.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._pool = urllib3.PoolManager(_CONNECTIONS, maxsize=_CONNECTIONS, timeout=_TIMEOUT, retries=_RETRY)
        parts = urlsplit(place.url)
        self._client = Minio(
            parts.netloc,
            access_key=place.access_key,
            secret_key=place.secret_key,
            secure=parts.scheme == "https",
            region=place.region,
            http_client=self._pool,
        )

    def __reduce__(self) -> tuple[type["Bucket"], tuple[Place]]:
        return Bucket, (self.place,)

    def found(self) -> None:
        """Make the bucket where there is none, and let everyone read what is published in it; may be repeated."""
        name = self.place.bucket
        with _reaching():
            if not self._client.bucket_exists(name):
                with _taken_by_another():
                    self._client.make_bucket(name)
            self._client.set_bucket_policy(name, _policy(name))

    def read(self, key: str) -> bytes:
        """The object's bytes; `NotFound` where there is none."""
        with _reaching():
            answer = self._client.get_object(self.place.bucket, checked(key))
            try:
                return answer.read()
            finally:
                answer.close()
                answer.release_conn()

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably, unpublished; one of the same key is replaced.

        Its URL never changes meaning, and the object says so to those who may read it without a signature.
        """
        with _reaching():
            self._client.put_object(
                self.place.bucket,
                checked(key),
                io.BytesIO(content),
                len(content),
                content_type,
                metadata={"Cache-Control": IMMUTABLE},
            )

    def size(self, key: str) -> int | None:
        """How many bytes the object has; None where there is none."""
        try:
            with _reaching():
                return self._client.stat_object(self.place.bucket, checked(key)).size
        except NotFound:
            return None

    def divide(self, key: str, content_type: str) -> str:
        """Begin an object in parts; gives the store's handle of it. The library has no public way to do so."""
        with _reaching():
            headers: dict[str, str | list[str] | tuple[str]] = {
                "Content-Type": content_type,
                "Cache-Control": IMMUTABLE,
            }
            return self._client._create_multipart_upload(self.place.bucket, checked(key), headers)  # noqa: SLF001

    def join(self, key: str, handle: str, sizes: Sequence[int], etags: Mapping[int, str] | None) -> None:
        """Make one object of all parts; refuses as `commands.ports.Objects.join` says."""
        name = self.place.bucket
        try:
            with _reaching():
                found = {part.part_number: part for part in self._arrived(checked(key), handle)}
                for number, size in enumerate(sizes, 1):
                    if number not in found or found[number].size != size:
                        raise Contradicted("not_uploaded", f"Part {number} of {len(sizes)} has not arrived.")
                    if etags is not None and etags.get(number, "").strip('"') != found[number].etag:
                        raise Invalid("parts_mismatch", f"Part {number} is not the one of that ETag.", field="parts")
                whole = [found[number] for number in range(1, len(sizes) + 1)]
                self._client._complete_multipart_upload(name, key, handle, whole)  # noqa: SLF001
        except NotFound:  # joined before, if it was ever begun
            if self.size(key) != sum(sizes):
                raise Contradicted("not_uploaded", "No file has arrived for this upload.") from None

    def scrap(self, key: str, handle: str) -> None:
        """End an object in parts that was never joined; one that is gone is no error."""
        with suppress(NotFound), _reaching():
            self._client._abort_multipart_upload(self.place.bucket, checked(key), handle)  # noqa: SLF001

    def _arrived(self, key: str, handle: str) -> Sequence[Any]:
        """The parts that are there; a thousand at the most, more than an object of the allowed size has."""
        return self._client._list_parts(self.place.bucket, key, handle).parts  # noqa: SLF001

    def publish(self, keys: Sequence[str]) -> None:
        """Let everyone read the objects from now on; those that don't exist are no error."""
        tags = Tags.new_object_tags()
        tags["access"] = "public"
        for key in map(checked, keys):
            with suppress(NotFound), _reaching():
                self._client.set_object_tags(self.place.bucket, key, tags)

    def withhold(self, keys: Sequence[str]) -> None:
        """Let nobody read the objects without a signature from now on; those that don't exist are no error."""
        for key in map(checked, keys):
            with suppress(NotFound), _reaching():
                self._client.delete_object_tags(self.place.bucket, key)

    def copy(self, source: str, target: str) -> None:
        """Give an object a second key, unpublished; `NotFound` where there is none. Done again, it changes nothing.

        The store copies, so no byte passes through here.
        """
        with _reaching():
            origin = CopySource(self.place.bucket, checked(source))
            self._client.copy_object(
                self.place.bucket, checked(target), origin, tags=Tags.new_object_tags(), tagging_directive=REPLACE
            )

    def remove(self, keys: Sequence[str]) -> None:
        """End the objects, a thousand a request; those that don't exist are no error."""
        with _reaching():
            wanted = [DeleteObject(checked(key)) for key in keys]
            failed = list(self._client.remove_objects(self.place.bucket, wanted)) if wanted else []
        if failed:
            raise Unavailable(f"the object store kept {len(failed)} of {len(wanted)} objects: {failed[0].code}")

    def list(self, prefix: str) -> tuple[str, ...]:
        """The keys under a prefix of whole segments, in order."""
        with _reaching():
            found = self._client.list_objects(self.place.bucket, prefix=checked_prefix(prefix), recursive=True)
            return tuple(sorted(str(each.object_name) for each in found))

    def originals(self) -> Iterator[Original]:
        """Every original, in order of its key."""
        with _reaching():
            for each in self._client.list_objects(self.place.bucket, prefix="photos/", recursive=True):
                key = str(each.object_name)
                if upload_of(key):
                    yield Original(key, each.size or 0, each.storage_class or "STANDARD")

    def mark(self, key: str) -> None:
        """Let the bucket's lifecycle know an original as one; a key that is gone is no error."""
        tags = Tags.new_object_tags()
        tags[MARK[0]] = MARK[1]
        with suppress(NotFound), _reaching():
            self._client.set_object_tags(self.place.bucket, checked(key), tags)

    def lifecycle(self) -> bytes | None:
        """The bucket's lifecycle configuration as it is held, in XML: the library would lose what it doesn't know."""
        with _reaching():
            try:
                answer = self._client._execute("GET", self.place.bucket, query_params={"lifecycle": ""})  # noqa: SLF001
            except S3Error as error:
                if error.code != "NoSuchLifecycleConfiguration":
                    raise
                return None
            return bytes(answer.data)

    def set_lifecycle(self, configuration: bytes) -> None:
        """Replace the bucket's lifecycle configuration; `domain.errors.Unsupported` where the store doesn't take it."""
        checksum = base64.b64encode(hashlib.md5(configuration, usedforsecurity=False).digest()).decode()
        with _reaching():
            try:
                self._client._execute(  # noqa: SLF001
                    "PUT",
                    self.place.bucket,
                    body=configuration,
                    headers={"Content-MD5": checksum},
                    query_params={"lifecycle": ""},
                )
            except S3Error as error:
                if error.code not in _NOT_TAKEN:
                    raise
                raise Unsupported("lifecycle_unsupported", f"The object store said {error.code}.") from error

    def close(self) -> None:
        """Let the connections go; a later call makes new ones."""
        self._pool.clear()


@contextmanager
def _reaching() -> Iterator[None]:
    """Tell what the library tells in a dozen ways: the object is missing, or the store is."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise NotFound("object_not_found", "There is no such object.") from None
        if error.code in _BUSY or str(error.code).startswith("XMinio"):
            raise Unavailable(f"the object store can't cope: {error.code}") from error
        raise
    except (HTTPError, OSError, ServerError, InvalidResponseError) as error:
        raise Unavailable(f"the object store can't be reached: {error}") from error


@contextmanager
def _taken_by_another() -> Iterator[None]:
    """Two processes that start at once may both find no bucket."""
    try:
        yield
    except S3Error as error:
        if error.code != "BucketAlreadyOwnedByYou":
            raise


def _policy(bucket: str) -> str:
    """Only rendered files can be published. An original's key ends in no format, so no upload tags itself into the open."""
    rendered = [f"arn:aws:s3:::{bucket}/*.{format_}" for format_ in (*RECIPE.formats, "png")]
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": rendered,
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/access": "public"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
