"""What is known of a picture once it is processed, and the recipes by which its variants are made."""

from dataclasses import dataclass
from typing import Final

MAX_UPLOAD_BYTES: Final = 50 * 1024 * 1024
ACCEPTED_TYPES: Final = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/avif",
    "image/tiff",
    "image/gif",
)


@dataclass(frozen=True, slots=True)
class Size:
    """One size of a recipe: the longer side in pixels; a square one is cropped to where the eye goes."""

    name: str
    pixels: int
    square: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which variants are rendered, in which formats and at which quality; a change is a new version."""

    version: int
    sizes: tuple[Size, ...]
    formats: tuple[str, ...]
    quality: int


RECIPE: Final = Recipe(
    version=1,
    sizes=(
        Size("thumb", 150, square=True),
        Size("small", 400),
        Size("medium", 640),
        Size("feed", 800),
        Size("large", 1080),
        Size("full", 1920),
    ),
    formats=("webp", "jpeg"),
    quality=85,
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One rendered file: its size in pixels and bytes, and the key of its object."""

    name: str
    format: str
    width: int
    height: int
    bytes: int
    key: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture as rendered by one recipe: upright size in pixels, placeholders, and its files."""

    recipe: int
    width: int
    height: int
    blurhash: str
    dominant_color: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Camera:
    """What took the picture, as EXIF says (exposure in seconds, focal length in millimetres)."""

    make: str | None
    model: str | None
    lens: str | None
    focal_length_mm: float | None
    aperture: float | None
    exposure_s: float | None
    iso: int | None


@dataclass(frozen=True, slots=True)
class Location:
    """Where the picture was taken: signed decimal degrees (WGS 84), altitude in metres."""

    latitude: float
    longitude: float
    altitude: float | None
