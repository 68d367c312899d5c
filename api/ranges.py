"""Files as answers: whole or one range of them (RFC 9110, section 14), a piece at a time."""

import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Final

import anyio
from starlette.responses import Response, StreamingResponse

from api.ports import StoredFile
from api.problems import Problem
from domain.errors import NotFound

_ONE_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_PIECE: Final = 256 * 1024


def asked_range(header: str | None, size: int) -> range | None:
    """The bytes that a Range header asks for; None for all, as for a header that makes no sense or asks for several.

    Raises a 416 problem where the file has no such bytes.
    """
    found = _ONE_RANGE.fullmatch((header or "").strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= stop:
        raise Problem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            f"The file has {size} bytes.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return range(start, stop)


async def serve(file: StoredFile, part: range | None, headers: Mapping[str, str], *, head: bool) -> Response:
    """The file's bytes, opened before the first header is sent."""
    wanted = part if part is not None else range(file.size)
    told = {**headers, "Content-Type": file.content_type, "Content-Length": str(len(wanted))}
    if part is not None:
        told["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
    if head:
        return Response(status_code=status, headers=told)
    try:
        opened = await anyio.open_file(file.path, "rb")
    except FileNotFoundError:
        raise NotFound("object_not_found", "There is no such object.") from None
    return StreamingResponse(_pieces(opened, wanted), status, told)


async def _pieces(opened: "anyio.AsyncFile[bytes]", wanted: range) -> AsyncIterator[bytes]:
    async with opened:
        await opened.seek(wanted.start)
        left = len(wanted)
        while left and (piece := await opened.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
