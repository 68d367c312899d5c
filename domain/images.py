"""What is known of a picture once it is processed, and the recipes by which its variants are made."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.errors import Invalid

MAX_UPLOAD_BYTES: Final = 50 * 1024 * 1024
PART_BYTES: Final = 5 * 1024 * 1024
"""What every part of a divided upload has but the last: the least that S3 takes. Smaller files are not divided."""
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
    """Which variants are rendered, in which formats and at which quality; a change is a new version.

    `download` is the longer side of the copy to take away: one JPEG more (or PNG, where the original is one and that is
    smaller), only where it is larger than every size.
    """

    version: int
    sizes: tuple[Size, ...]
    formats: tuple[str, ...]
    quality: int
    download: int = 0

    def with_sizes(self, version: int, sizes: "tuple[Size, ...]") -> "Recipe":
        """Another version, with these sizes beside its own; one of the same name takes the place of its own."""
        kept = tuple(size for size in self.sizes if size.name not in {each.name for each in sizes})
        squares = tuple(size for size in (*kept, *sizes) if size.square)
        rising = sorted((size for size in (*kept, *sizes) if not size.square), key=lambda size: size.pixels)
        return replace(self, version=version, sizes=(*squares, *rising))

    def first(self) -> "Recipe":
        """What is shown before anything else: the first size alone."""
        return replace(self, sizes=self.sizes[:1], download=0)


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
    download=2048,
)
AVATAR: Final = Recipe(
    version=1,
    sizes=(Size("small", 150, square=True), Size("large", 400, square=True)),
    formats=("webp", "jpeg"),
    quality=85,
)
DOWNLOAD: Final = "download"
"""The name of the copy to take away among a rendition's files; it is none of the sizes that are shown."""


class Filter(StrEnum):
    """How an edited photo may be toned."""

    MONO = "mono"
    NOIR = "noir"
    SEPIA = "sepia"
    WARM = "warm"
    COOL = "cool"
    VIVID = "vivid"
    FADE = "fade"
    DRAMA = "drama"
    BRIGHT = "bright"
    DUSK = "dusk"
    VINTAGE = "vintage"
    SHARP = "sharp"


ANGLES: Final = (0, 90, 180, 270)


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the upright original, in its pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Edits:
    """What is done to the upright original: cut, then turned clockwise by so many degrees, then toned."""

    crop: Crop | None = None
    rotate: int = 0
    filter: str | None = None


NO_EDITS: Final = Edits()


def checked_edits(edits: Edits, width: int, height: int) -> Edits:
    """The edits for a picture of that size; a crop of all of it is none. Refuses what lies outside of the picture."""
    if edits.rotate not in ANGLES:
        raise Invalid("invalid", f"must be one of {', '.join(map(str, ANGLES))}", field="rotate")
    if edits.filter is not None and edits.filter not in set(Filter):
        raise Invalid("invalid", f"must be one of {', '.join(Filter)}", field="filter")
    crop = edits.crop
    if crop is None:
        return edits
    if crop.x < 0 or crop.y < 0 or crop.width < 1 or crop.height < 1:
        raise Invalid("invalid", "must be a part of the picture, of a pixel at the least", field="crop")
    if crop.x + crop.width > width or crop.y + crop.height > height:
        raise Invalid("invalid", f"must lie within the picture's {width} × {height} pixels", field="crop")
    return replace(edits, crop=None) if crop == Crop(0, 0, width, height) else edits


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
class Box:
    """A part of a picture as it is shown; all four are fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Label:
    """What a model says is in a picture: how sure it is, from 0 to 1, and where it is, if the model tells."""

    name: str
    confidence: float
    box: Box | None


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


@dataclass(frozen=True, slots=True)
class Likeness:
    """What pictures are compared by.

    `perceptual_hash` is 16 hexadecimal digits whose bits differ little between copies of a picture; it is empty for
    one too plain to tell. `descriptor` is 64 numbers from -127 to 127 of layout and texture, compared by their angle.
    """

    perceptual_hash: str
    descriptor: tuple[int, ...]
