"""Pictures that tests make for themselves, by Pillow, which has no part in what is tested."""

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

QUADRANTS = ((220, 40, 40), (40, 180, 60), (40, 60, 210), (230, 210, 60))
ORIENTATION, MAKE, MODEL, EXIF_IFD, GPS_IFD = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825


def picture(width: int = 480, height: int = 360, mode: str = "RGB") -> Image.Image:
    """Four coloured quarters under a gentle slope of light: each turn and flip of it looks different."""
    red, green, blue, yellow = (np.array(color, dtype=float) for color in QUADRANTS)
    rows, columns = np.mgrid[0:height, 0:width]
    top, left = rows[..., None] < height / 2, columns[..., None] < width / 2
    colors = np.where(top, np.where(left, red, green), np.where(left, blue, yellow))
    shade = 0.7 + 0.3 * columns / width
    return Image.fromarray((colors * shade[..., None]).astype(np.uint8)).convert(mode)


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """The image as a file; HEIC by pillow-heif."""
    out = BytesIO()
    if form == "HEIC":
        pillow_heif.from_pillow(image).save(out, quality=90, **options)
    else:
        image.save(out, form, **options)
    return out.getvalue()


def decoded(content: bytes, mode: str = "RGB") -> np.ndarray:
    """A file's pixels as whole numbers that may be subtracted."""
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert(mode)).astype(int)


def exif(
    main: Mapping[int, Any] | None = None,
    camera: Mapping[int, Any] | None = None,
    gps: Mapping[int, Any] | None = None,
) -> Image.Exif:
    """An EXIF block of these tags."""
    block = Image.Exif()
    block.update(main or {})
    block.get_ifd(EXIF_IFD).update(camera or {})
    block.get_ifd(GPS_IFD).update(gps or {})
    return block


def jpeg(width: int = 480, height: int = 360, **options: Any) -> bytes:
    """A JPEG of the usual picture."""
    return encoded(picture(width, height), "JPEG", **options)


def noise(width: int, height: int) -> Image.Image:
    """A picture that compresses badly, so that cutting its file always cuts its pixels."""
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


def png_claiming(width: int, height: int, data: bytes = b"", *, bits: int = 8, color: int = 2) -> bytes:
    """A PNG whose header claims a size, and whose pixels are whatever `data` unpacks to."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    pixels = _chunk(b"IDAT", zlib.compress(data, 9))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + pixels + _chunk(b"IEND", b"")


def deep_png(bands: int) -> bytes:
    """A PNG of 16 bits a band: grey, grey with alpha, RGB, or RGBA."""
    row = np.linspace(0, 65_535, 300 * bands).astype(">u2").tobytes()
    return png_claiming(300, 200, (b"\0" + row) * 200, bits=16, color={1: 0, 2: 4, 3: 2, 4: 6}[bands])


def png_bomb(name: bytes, beginning: bytes) -> bytes:
    """A small PNG with a chunk that unpacks to 64 MiB."""
    content, at = encoded(picture(), "PNG"), 33  # after the header
    return content[:at] + _chunk(name, beginning + zlib.compress(bytes(64 << 20), 9)) + content[at:]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def tiff_claiming(width: int, height: int) -> bytes:
    """A TIFF whose directory claims another size than it has."""
    content = bytearray(encoded(picture(64, 64), "TIFF"))
    (start,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, start)
    claims = {256: width, 257: height, 278: height}  # ImageWidth, ImageLength, RowsPerStrip
    for at in range(start + 2, start + 2 + 12 * entries, 12):
        (tag,) = struct.unpack_from("<H", content, at)
        if tag in claims:
            struct.pack_into("<HHII", content, at, tag, 4, 1, claims[tag])
    return bytes(content)


def scans(count: int) -> bytes:
    """A progressive JPEG that says its last scan over and over: small, and long to read."""
    content = jpeg(progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * count + b"\xff\xd9"


def jpeg_claiming(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size than it has."""
    content = bytearray(jpeg(32, 32))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def gif_claiming(width: int, height: int, *, frame: bool) -> bytes:
    """A GIF whose canvas, and whose frame too if told so, claims another size than it has."""
    content = bytearray(encoded(picture(8, 8), "GIF"))
    content[6:10] = struct.pack("<HH", width, height)
    if frame:
        at = content.index(b"\x2c\0\0\0\0\x08\0\x08\0") + 5
        content[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(content)


def animated(form: str, width: int = 480, height: int = 360, frames: int = 3) -> bytes:
    """The usual picture, then frames in about black."""
    more = [Image.new("RGB", (width, height), (number % 2, 0, 0)) for number in range(1, frames)]
    return encoded(picture(width, height), form, save_all=True, append_images=more, duration=100, loop=0)
