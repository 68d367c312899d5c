"""An original opened: its header checked before any pixel is decoded, upright, in sRGB."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.Image import Transpose

from infra.images.ending import ends_early
from infra.images.libvips import BLOB, Failed, Image, clear_errors, handed
from infra.images.resizing import resized
from infra.images.sniff import HEIC, JPEG, TIFF, UNKNOWN, Kind, sniff

_SEQUENCE = b"ftypavis"
_END_OF_IMAGE = b"\xff\xd9"
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height
_UPRIGHT: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_PROFILE: Final = "icc-profile-data"
_RGB: Final = 3
_SRGB: Final = ImageCms.createProfile("sRGB")
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

    `shrunk(width, height)` decodes once, by shrinking on load where the format can, to a picture in sRGB, with an alpha
    channel where the original has one.
    """

    kind: Kind
    width: int
    height: int
    exif: bytes | None
    shrunk: Callable[[int, int], Pillow.Image]


def open_source(content: bytes, max_pixels: int) -> Source:
    """Open an original; `Unfit` where it is no image, cut off, of a kind not taken, or larger than `max_pixels`."""
    kind = sniff(content)
    if not kind.accepted:
        if kind == UNKNOWN:
            raise Unfit("not_an_image", "The file is not an image.")
        raise Unfit("unsupported_type", f"Files of type {kind.content_type} are not taken.")
    if kind == HEIC:
        return _open_heic(content, max_pixels)
    if content[4:12] == _SEQUENCE:  # libvips reads the still picture that a sequence has, but only by its own name
        content = content[:8] + b"avif" + content[12:]
    return _open_vips(content, kind, max_pixels)


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

    def shrunk(to_width: int, to_height: int) -> Pillow.Image:
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

    def shrunk(to_width: int, to_height: int) -> Pillow.Image:
        try:
            pixels = np.asarray(picture)
        except _HEIF_FAILED:
            raise _broken(HEIC, content) from None
        profile = picture.info.get("icc_profile")
        if picture.mode == "RGB":
            return _coloured(resized(Pillow.fromarray(pixels), (to_width, to_height)), profile)
        image = Image.new_from_array(pixels).copy(interpretation=_space(picture.mode))
        if profile:
            image.set_type(BLOB, _PROFILE, profile)
        return handed(_in_srgb(image.thumbnail_image(to_width, height=to_height, size="force")))

    return Source(HEIC, width, height, picture.info.get("exif"), shrunk)


def _jpeg(content: bytes, width: int, height: int, factor: int) -> Pillow.Image:
    """Decode a JPEG whose pixels are all there; libjpeg only warns where they are not, as it does of harmless oddities.

    One that lacks nothing but its end marker is whole: with the marker, it decodes without a warning. The decoder shrinks
    by `factor` at no cost; thumbnail_buffer would, to be careful, let it shrink by half of that.
    """

    def shrunk(file: bytes, fail_on: str) -> Pillow.Image:
        image = Image.jpegload_buffer(file, shrink=factor, fail_on=fail_on, access="sequential")
        if image.bands != _RGB:
            return handed(_in_srgb(image.thumbnail_image(width, height=height, size="force")))
        profile = image.get(_PROFILE) if image.get_typeof(_PROFILE) else None
        turn = image.get("orientation") if image.get_typeof("orientation") else 1
        lying = resized(handed(image), (height, width) if turn in _SIDEWAYS else (width, height))
        return _coloured(lying.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else lying, profile)

    clear_errors()
    try:
        return shrunk(content, "warning")
    except Failed as failed:
        cut = "premature end" in str(failed)
    return shrunk(content + _END_OF_IMAGE, "warning") if cut else shrunk(content, "error")


def _factor(width: int, height: int, to_width: int, to_height: int) -> int:
    """By how much libjpeg may shrink (in the DCT, https://jpegclub.org/djpeg/) and still leave as many pixels as asked."""
    return max(step for step in (1, 2, 4, 8) if step == 1 or (width >= to_width * step and height >= to_height * step))


def _thumbnail(content: bytes, width: int, height: int) -> Pillow.Image:
    """Decode, turn upright and shrink in one go, then convert.

    `fail_on` is a loader's option: thumbnail_buffer has an argument of that name, too, but it doesn't reach the loader.
    """
    image = Image.thumbnail_buffer(content, width, height=height, size="force", option_string="fail_on=error")
    return handed(_in_srgb(image))


def _coloured(image: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """An RGB picture whose colours are of that profile, in sRGB; a profile that is broken is no profile.

    By Pillow, which gives LittleCMS the pixels as they lie: that takes half the time that libvips takes for the same.
    """
    if not profile:
        return image
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(
            given, _SRGB, "RGB", "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        ImageCms.applyTransform(image, transform, inPlace=True)
    except (ImageCms.PyCMSError, OSError):
        return image
    return image


def _in_srgb(image: Any) -> Any:
    """Three bands of 8-bit sRGB, and alpha where there is any.

    The profile is applied to the shrunk picture: thumbnail could do it before, at a quarter of a second for 9
    megapixels, most of which are thrown away a moment later. A profile that is broken is no profile.
    """
    alpha = image.hasalpha()
    if image.get_typeof(_PROFILE):
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
