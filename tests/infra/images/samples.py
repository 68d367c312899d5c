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


def png_claiming(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header claims a size, and whose pixels are whatever `data` unpacks to."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(data, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


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


def animated(form: str) -> bytes:
    """The usual picture, then two frames in black."""
    black = Image.new("RGB", (480, 360))
    return encoded(picture(), form, save_all=True, append_images=[black, black.copy()], duration=100, loop=0)
