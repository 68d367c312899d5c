"""What a file is by its first bytes; its name and the type that came with it are never asked."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its media type, and whether it is a picture that the product takes."""

    content_type: str
    accepted: bool


JPEG: Final = Kind("image/jpeg", accepted=True)
PNG: Final = Kind("image/png", accepted=True)
WEBP: Final = Kind("image/webp", accepted=True)
GIF: Final = Kind("image/gif", accepted=True)
TIFF: Final = Kind("image/tiff", accepted=True)
AVIF: Final = Kind("image/avif", accepted=True)
HEIC: Final = Kind("image/heic", accepted=True)
UNKNOWN: Final = Kind("application/octet-stream", accepted=False)

_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"BM", Kind("image/bmp", accepted=False)),
    (b"8BPS", Kind("image/vnd.adobe.photoshop", accepted=False)),
    (b"\0\0\0\x0cjP  ", Kind("image/jp2", accepted=False)),
    (b"\xff\x0a", Kind("image/jxl", accepted=False)),
    (b"\0\0\0\x0cJXL ", Kind("image/jxl", accepted=False)),
    (b"%PDF-", Kind("application/pdf", accepted=False)),
    (b"<svg", Kind("image/svg+xml", accepted=False)),
)
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_VIDEO: Final = Kind("video/mp4", accepted=False)


def sniff(content: bytes) -> Kind:
    """The kind of a file; the first 64 bytes are enough to tell."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp":
        return _by_brands(content)
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), UNKNOWN)


def _by_brands(content: bytes) -> Kind:
    end = min(int.from_bytes(content[:4], "big"), 64)
    brands = {content[8:12], *(content[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return AVIF
    return HEIC if brands & _HEIC_BRANDS else _VIDEO
