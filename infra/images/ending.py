"""Whether a file ends before it says that it does: the difference between a file cut off and one that is damaged."""

import struct
from collections.abc import Iterator
from typing import Final

from infra.images.sniff import AVIF, GIF, HEIC, JPEG, PNG, TIFF, WEBP, Kind

_BOXES: Final = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid"})
_TAIL: Final = 1024  # cameras leave padding after the last marker
_STARTS: Final = {273, 324}  # StripOffsets, TileOffsets
_LENGTHS: Final = {279, 325}  # StripByteCounts, TileByteCounts
_WIDTHS: Final = {3: "H", 4: "I"}


def ends_early(kind: Kind, content: bytes) -> bool:
    """Whether the bytes that the format's own structure announces are not all there."""
    if kind == JPEG:
        return b"\xff\xd9" not in content[-_TAIL:]
    if kind == PNG:
        return b"IEND" not in content[-_TAIL:]
    if kind == GIF:
        return b"\x3b" not in content[-2:]
    if kind == WEBP:
        return int.from_bytes(content[4:8], "little") + 8 > len(content)
    if kind in {HEIC, AVIF}:
        return _boxes_end(content) > len(content)
    return kind == TIFF and _directory_end(content) > len(content)


def _boxes_end(content: bytes) -> int:
    """Where the last box that is known ends (ISO 14496-12, 4.2); what follows it is a camera's own affair."""
    at = 0
    while at + 8 <= len(content):
        size, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        if name not in _BOXES or size < 8:  # noqa: PLR2004 - a box holds its own header; 0 is "to the end"
            break
        at += size
    return at


def _directory_end(content: bytes) -> int:
    """Where the first directory of a TIFF, or the last of its strips or tiles, ends (TIFF 6.0, section 2)."""
    order = "<" if content[:2] == b"II" else ">"
    if len(content) < 8:  # noqa: PLR2004 - the header
        return 8
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    if start + 2 > len(content):
        return int(start) + 2
    (entries,) = struct.unpack_from(f"{order}H", content, start)
    end = int(start) + 2 + 12 * int(entries) + 4
    if end > len(content):
        return end
    starts: list[int] = []
    lengths: list[int] = []
    for at in range(start + 2, end - 4, 12):
        tag, form, count = struct.unpack_from(f"{order}HHI", content, at)
        if tag in _STARTS | _LENGTHS and form in _WIDTHS:
            (starts if tag in _STARTS else lengths).extend(_numbers(content, order, at, _WIDTHS[form], count))
    return max((begin + length for begin, length in zip(starts, lengths, strict=False)), default=end)


def _numbers(content: bytes, order: str, at: int, letter: str, count: int) -> Iterator[int]:
    size = struct.calcsize(letter) * count
    where = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", content, at + 8)[0]  # noqa: PLR2004 - in place
    if where + size <= len(content):
        yield from struct.unpack_from(f"{order}{count}{letter}", content, where)
