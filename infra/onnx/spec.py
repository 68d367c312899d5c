"""What the operator says of a model, and what is found out about it when it is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from domain.detection import Model
from infra.installation import InstallationError

Pixels: TypeAlias = Literal["unit", "signed", "imagenet", "bytes"]
Scores: TypeAlias = Literal["plain", "softmax", "sigmoid"]
Boxes: TypeAlias = Literal["xyxy", "yxyx", "cxcywh"]


class UnfitModel(InstallationError):
    """The model can't be used as it is set, and why."""


class OtherModelError(Exception):
    """The model's files are others by now than those that the server was started with."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A model and its labels, how it takes pixels, and how its answers are read.

    `pixels` are scaled to 0 … 1, to -1 … 1, by the mean and deviation of ImageNet, or not at all; `scores` become
    probabilities by nothing, softmax or sigmoid; `boxes` are two corners (x first or y first), or a centre and a size.
    What is less sure than `confidence` is not told.
    """

    model: Path
    labels: Path
    pixels: Pixels = "unit"
    scores: Scores = "plain"
    boxes: Boxes = "xyxy"
    confidence: float = 0.5
    batch: int = 8


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that was opened: the pictures that it takes, as many at once, and where it runs."""

    model: Model
    width: int
    height: int
    batch: int
    provider: str
