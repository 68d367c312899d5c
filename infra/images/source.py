"""An original opened: its header checked before any pixel is decoded, upright, in sRGB."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pillow_heif

from infra.images.ending import ends_early
from infra.images.libvips import BLOB, Failed, Image, clear_errors
from infra.images.sniff import HEIC, JPEG, TIFF, UNKNOWN, Kind, sniff

_END_OF_IMAGE = b"\xff\xd9"
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height
_HEIF_FAILED = (OSError, ValueError, EOFError, RuntimeError, SyntaxError)  # as pillow-heif's documentation lists them


class Unfit(Exception):
    """The file can't become a photo; `code` is stable, `detail` safe to show."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Source:
    """A picture whose header is sound: upright size, EXIF as it came, and a way to its pixels.

    `shrunk(width, height)` decodes once, by shrinking on load where the format can, to an 8-bit sRGB image in memory,
    with an alpha band where the original has one.
    """

    kind: Kind
    width: int
    height: int
    exif: bytes | None
    shrunk: Callable[[int, int], Any]


def open_source(content: bytes, max_pixels: int) -> Source:
    """Open an original; `Unfit` where it is no image, cut off, of a kind not taken, or larger than `max_pixels`."""
    kind = sniff(content)
    if not kind.accepted:
        if kind == UNKNOWN:
            raise Unfit("not_an_image", "The file is not an image.")
        raise Unfit("unsupported_type", f"Files of type {kind.content_type} are not taken.")
    return _open_heic(content, max_pixels) if kind == HEIC else _open_vips(content, kind, max_pixels)


def _open_vips(content: bytes, kind: Kind, max_pixels: int) -> Source:
    try:
        header = Image.new_from_buffer(content, "", access="sequential")
        width, height = header.width, header.height
        sideways = header.get_typeof("orientation") != 0 and header.get("orientation") in _SIDEWAYS
        exif = header.get("exif-data") if header.get_typeof("exif-data") else None
    except Failed:
        raise _headless(kind, content) from None
    _check_pixels(width, height, max_pixels)
    if sideways:
        width, height = height, width

    def shrunk(to_width: int, to_height: int) -> Any:
        try:
            if kind == JPEG:
                return _jpeg(content, to_width, to_height, _factor(width, height, to_width, to_height))
            return _thumbnail(content, to_width, to_height)
        except Failed:
            raise _broken(kind, content) from None

    return Source(kind, width, height, content if kind == TIFF else exif, shrunk)


def _open_heic(content: bytes, max_pixels: int) -> Source:
    """HEIC is HEVC-coded, which libvips' wheel can't read: libheif decodes, upright already, and hands over pixels."""
    if ends_early(HEIC, content):  # libheif would fill what is missing with grey and say nothing
        raise _cut_off()
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    try:
        picture = pillow_heif.open_heif(content, convert_hdr_to_8bit=True)
        width, height = picture.size
    except _HEIF_FAILED:
        raise _headless(HEIC, content) from None
    _check_pixels(width, height, max_pixels)

    def shrunk(to_width: int, to_height: int) -> Any:
        try:
            image = Image.new_from_array(np.asarray(picture)).copy(interpretation=_space(picture.mode))
        except _HEIF_FAILED:
            raise _broken(HEIC, content) from None
        profile = picture.info.get("icc_profile")
        if profile:
            image = image.copy()
            image.set_type(BLOB, "icc-profile-data", profile)
        return _in_srgb(image.thumbnail_image(to_width, height=to_height, size="force")).copy_memory()

    return Source(HEIC, width, height, picture.info.get("exif"), shrunk)


def _jpeg(content: bytes, width: int, height: int, factor: int) -> Any:
    """Decode a JPEG whose pixels are all there; libjpeg only warns where they are not, as it does of harmless oddities.

    One that lacks nothing but its end marker is whole: with the marker, it decodes without a warning. The decoder shrinks
    by `factor` at no cost; thumbnail_buffer would, to be careful, let it shrink by half of that.
    """

    def shrunk(file: bytes, fail_on: str) -> Any:
        image = Image.jpegload_buffer(file, shrink=factor, fail_on=fail_on, access="sequential")
        return _in_srgb(image.thumbnail_image(width, height=height, size="force")).copy_memory()

    clear_errors()
    try:
        return shrunk(content, "warning")
    except Failed as failed:
        cut = "premature end" in str(failed)
    return shrunk(content + _END_OF_IMAGE, "warning") if cut else shrunk(content, "error")


def _factor(width: int, height: int, to_width: int, to_height: int) -> int:
    """By how much libjpeg may shrink (in the DCT, https://jpegclub.org/djpeg/) and still leave as many pixels as asked."""
    return max(step for step in (1, 2, 4, 8) if step == 1 or (width >= to_width * step and height >= to_height * step))


def _thumbnail(content: bytes, width: int, height: int) -> Any:
    """Decode, turn upright and shrink in one go, then convert.

    `fail_on` is a loader's option: thumbnail_buffer has an argument of that name, too, but it doesn't reach the loader.
    """
    image = Image.thumbnail_buffer(content, width, height=height, size="force", option_string="fail_on=error")
    return _in_srgb(image).copy_memory()


def _in_srgb(image: Any) -> Any:
    """Three bands of 8-bit sRGB, and alpha where there is any.

    The profile is applied to the shrunk picture: thumbnail could do it before, at a quarter of a second for 9
    megapixels, most of which are thrown away a moment later. A profile that is broken is no profile.
    """
    alpha = image.hasalpha()
    if image.get_typeof("icc-profile-data"):
        image = _by_profile(image.copy_memory())
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    bands = 4 if alpha else 3
    if image.bands > bands:
        image = image[:bands]
    return image if image.format == "uchar" else image.cast("uchar")


def _by_profile(image: Any) -> Any:
    try:
        return image.icc_transform("srgb", embedded=True).copy_memory()
    except Failed:
        return image


def _space(mode: str) -> str:
    return "b-w" if mode.startswith("L") else "srgb"


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise Unfit(
            "too_many_pixels",
            f"The image has {width:,} × {height:,} pixels; {max_pixels / 1e6:g} megapixels are the most that is taken.",
        )


def _headless(kind: Kind, content: bytes) -> Unfit:
    """A header that can't be read: of a file cut off within it, or of something that only begins like an image."""
    return _cut_off() if ends_early(kind, content) else Unfit("not_an_image", "The file can't be read as an image.")


def _broken(kind: Kind, content: bytes) -> Unfit:
    """Pixels that can't be read."""
    if ends_early(kind, content):
        return _cut_off()
    return Unfit("processing_failed", "The image is damaged and can't be decoded.")


def _cut_off() -> Unfit:
    return Unfit("truncated", "The file ends before the image does.")
