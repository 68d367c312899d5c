"""The shapes of edits."""

from typing import Annotated

from pydantic import Field

from api.bodies import Body, Whole
from domain.images import ANGLES, Filter

Pixel = Annotated[Whole, Field(ge=0, le=1_000_000, examples=[0])]
Length = Annotated[Whole, Field(ge=1, le=1_000_000, examples=[1200])]


class Crop(Body):
    """A part of the upright original, in its pixels."""

    x: Pixel
    y: Pixel
    width: Length
    height: Length


class PhotoEdits(Body):
    """What is to be done to the upright original: cut, then turned clockwise, then toned."""

    crop: Crop | None = None
    rotate: Whole | None = Field(None, examples=[90], json_schema_extra={"enum": [*ANGLES, None]})
    filter: str | None = Field(None, examples=["mono"], json_schema_extra={"enum": [*map(str, Filter), None]})
