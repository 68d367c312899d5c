"""Objects: files that this very process takes and serves, where there is no object store of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.caching import matches
from api.documents import problem_answer
from api.ports import FileStore, Reads, StoredFile
from api.ranges import asked_range, serve
from domain.errors import Invalid, NotFound
from domain.files import home_of_key
from domain.ids import PhotoId, is_id
from domain.images import ACCEPTED_TYPES
from domain.visibility import MemberState, is_public

FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final[dict[str, Any]] = {name: {} for name in (*ACCEPTED_TYPES, "application/octet-stream")}
_PHOTO_PART: Final = 4
_PARTS: Final = 7
_AVATARS: Final = "avatars/"


def routes(store: FileStore[Any], reads: Reads) -> APIRouter:
    """Putting and getting files."""
    router = APIRouter()

    @router.put(
        "/v1/objects/{key:path}",
        **_described("Put a file", {200: {"description": "Stored."}}, 403, 404, 413, 415, 422),
    )
    async def put(request: Request, key: str) -> Response:
        """With the URL and the headers of `POST /v1/uploads`; takes those bytes only."""
        length = request.headers.get("Content-Length", "")
        with _plain_keys_only():
            grant = store.verify_put(
                key,
                request.query_params,
                content_type=request.headers.get("Content-Type"),
                content_length=int(length) if length.isascii() and length.isdecimal() and length[18:] == "" else None,
            )
        etag = await store.receive(grant, request.stream())
        return Response(headers={"Cache-Control": "no-store", "ETag": etag})

    @router.head("/v1/objects/{key:path}", include_in_schema=False)
    @router.get(
        "/v1/objects/{key:path}",
        **_described(
            "Get a file",
            {
                200: {"description": "The file.", "content": _TYPES},
                206: {"description": "A part of the file.", "content": _TYPES},
                304: {"description": "Nothing has changed."},
            },
            403,
            404,
            416,
        ),
    )
    async def get(request: Request, key: str) -> Response:
        """By a signed URL, or without one while everyone may see the photo."""
        cache = await _allowed(store, reads, key, request)
        file = await store.open(key)
        modified = format_datetime(file.modified_at.astimezone(UTC).replace(microsecond=0), usegmt=True)
        headers = {
            "ETag": file.etag,
            "Last-Modified": modified,
            "Accept-Ranges": "bytes",
            "Cache-Control": cache,
            "X-Content-Type-Options": "nosniff",
        }
        if matches(request.headers.get("If-None-Match"), file.etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        part = asked_range(_range(request, file, modified), file.size)
        return await serve(file, part, headers, head=request.method == "HEAD")

    return router


async def _allowed(store: FileStore[Any], reads: Reads, key: str, request: Request) -> str:
    """How long the file may be kept by whoever asks; refuses those who may not have it."""
    if key.startswith(_AVATARS) and "expires" not in request.query_params:
        with _plain_keys_only():
            store.verify_get(key, request.query_params)
        return FOR_EVER  # everyone sees avatars; one that is given up is gone from here
    photo_id = _photo_of(key)
    photo = (await reads.sight.photos([photo_id])).get(photo_id) if photo_id else None
    if "signature" in request.query_params:
        with _plain_keys_only():
            access = store.verify_get(key, request.query_params)
        if access.expires_at is not None:
            if photo is not None and photo.removed:
                raise _not_found()
            left = int((access.expires_at - datetime.now(UTC)).total_seconds())
            return f"private, max-age={max(left, 0)}"
    if photo is not None:
        owner = (await reads.sight.members([photo.owner_id])).get(photo.owner_id, MemberState(photo.owner_id))
        if is_public(photo, owner) and await _placed(reads, photo.photo_id, key):
            return FOR_EVER
    raise _not_found()


async def _placed(reads: Reads, photo_id: PhotoId, key: str) -> bool:
    """Whether the photo's files still lie where the key says: moved ones may be there for a moment, for their owner."""
    row = (await reads.photos.by_ids([photo_id])).get(photo_id)
    rendition = row.rendition if row is not None else None
    return rendition is not None and home_of_key(key) in {home_of_key(variant.key) for variant in rendition.variants}


def _photo_of(key: str) -> PhotoId | None:
    """The photo whose rendered file the key names: photos/year/month/day/photo/secret/version/file."""
    parts = key.split("/")
    rendered = len(parts) > _PARTS and parts[0] == "photos" and is_id(parts[_PHOTO_PART])
    return parts[_PHOTO_PART] if rendered else None


def _range(request: Request, file: StoredFile, modified: str) -> str | None:
    """The Range header, if it is meant for the file as it is (If-Range)."""
    condition = request.headers.get("If-Range")
    current = condition is None or condition in {file.etag, modified}
    return request.headers.get("Range") if request.method == "GET" and current else None


def _described(summary: str, answers: dict[int, Any], *errors: int) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": ["objects"],
        "response_class": Response,
        "responses": {**answers, **{status: problem_answer(status) for status in errors}},
    }


@contextmanager
def _plain_keys_only() -> Iterator[None]:
    """A key that no object can have is that of no object."""
    try:
        yield
    except Invalid as refusal:
        if refusal.code != "object_key_invalid":
            raise
        raise _not_found() from None


def _not_found() -> NotFound:
    return NotFound("object_not_found", "There is no such object.")
