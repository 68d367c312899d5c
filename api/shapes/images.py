"""The shape of pictures."""

from typing import Literal

from pydantic import BaseModel


class Variant(BaseModel):
    """One file of a picture."""

    name: str
    width: int
    height: int
    format: Literal["webp", "jpeg"]
    bytes: int
    url: str


class Sources(BaseModel):
    """Values for the `srcset` attribute, by format."""

    webp: str
    jpeg: str


class Image(BaseModel):
    """A picture with all its files; `src` is a JPEG of moderate size."""

    width: int
    height: int
    blurhash: str
    dominant_color: str
    variants: list[Variant]
    srcset: Sources
    src: str
