"""What a model's numbers say: which of its outputs is what, and the labels that they amount to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.images import Box, Label
from infra.onnx.spec import Spec, UnfitModel

Answers: TypeAlias = Mapping[str, NDArray[Any]]
Numbers: TypeAlias = NDArray[np.float64]

MOST: Final = 50
"""Labels of one photo; those that are less sure are left out."""
_PLACES: Final = 3
_CORNERS: Final = 4


@dataclass(frozen=True, slots=True)
class Classed:
    """A score for each label."""

    scores: str


@dataclass(frozen=True, slots=True)
class Boxed:
    """Places, with a score for each label, or with the `numbers` of the best labels and their scores."""

    boxes: str
    scores: str
    numbers: str | None = None


Meaning: TypeAlias = Classed | Boxed
"""Which output is what, by name."""


def meaning_of(answers: Answers) -> Meaning:
    """What outputs of such shapes and names mean; `UnfitModel` where that can't be told."""
    places = [name for name, given in answers.items() if given.ndim == _PLACES and given.shape[-1] == _CORNERS]
    boxes = next((name for name in places if "box" in name.lower()), places[0] if places else None)
    if boxes is None:
        (name, given), *more = answers.items()
        if not more and given.ndim > 1 and prod(given.shape[1:]) == max(given.shape[1:]):
            return Classed(name)
        raise _unclear(answers)
    others = {name: given for name, given in answers.items() if name != boxes}
    of_each = [name for name, given in others.items() if given.ndim == _PLACES]
    if len(of_each) == 1:
        return Boxed(boxes, of_each[0])
    flat = [name for name, given in others.items() if given.ndim == 2]  # noqa: PLR2004
    numbers = [name for name in flat if _numbers_labels(name, others[name])]
    scores = [name for name in flat if name not in numbers]
    if not of_each and len(numbers) == len(scores) == 1:
        return Boxed(boxes, scores[0], numbers[0])
    raise _unclear(answers)


def labels_in(answers: Answers, meaning: Meaning, labels: tuple[str, ...], spec: Spec, at: int) -> tuple[Label, ...]:
    """What the model says of the picture at that place of a batch, the surest first.

    Raises `ValueError` for answers that are none: what is not a number, and numbers of labels that there are not.
    """
    scores = answers[meaning.scores][at].astype(np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("the model gives scores that are no numbers")
    if isinstance(meaning, Classed):
        sure = _probable(scores.reshape(-1), spec)
        return _told(((number, sure[number], None) for number in np.flatnonzero(sure >= spec.confidence)), labels)
    if meaning.numbers is None:
        each = _probable(scores, spec)
        numbers, sure = each.argmax(axis=-1), each.max(axis=-1, initial=0.0)
    else:
        numbers, sure = answers[meaning.numbers][at].astype(np.int64), scores
    boxes = answers[meaning.boxes][at].astype(np.float64)
    places = np.flatnonzero(sure >= spec.confidence)
    if len(places) and not 0 <= numbers[places].min() <= numbers[places].max() < len(labels):
        raise ValueError(f"the model tells of label {numbers[places].max()}, and there are {len(labels)}")
    return _told(((numbers[place], sure[place], _box(boxes[place], spec)) for place in places), labels)


def _told(found: Iterable[tuple[Any, Any, Box | None]], labels: tuple[str, ...]) -> tuple[Label, ...]:
    told = [
        Label(labels[number], round(min(1.0, float(sure)), 4), box) for number, sure, box in found if labels[number]
    ]
    return tuple(sorted(told, key=lambda label: -label.confidence)[:MOST])


def _probable(scores: Numbers, spec: Spec) -> Numbers:
    match spec.scores:
        case "plain":
            return scores
        case "softmax":
            powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
        case "sigmoid":
            return np.asarray(1 / (1 + np.exp(-np.clip(scores, -60, 60))))


def _box(given: Numbers, spec: Spec) -> Box:
    """Within the picture, whatever the model says."""
    match spec.boxes:
        case "xyxy":
            left, top, right, bottom = given
        case "yxyx":
            top, left, bottom, right = given
        case "cxcywh":
            x, y, width, height = given
            left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    left, top, right, bottom = np.clip(np.nan_to_num([left, top, right, bottom]), 0.0, 1.0)
    sides = (left, top, max(right - left, 0.0), max(bottom - top, 0.0))
    return Box(*(round(float(each), 4) for each in sides))


def _numbers_labels(name: str, given: NDArray[Any]) -> bool:
    """Whether an output numbers labels: by its kind, or else by its name."""
    return given.dtype.kind in "iu" or any(word in name.lower() for word in ("class", "label"))


def _unclear(answers: Answers) -> UnfitModel:
    told = ", ".join(f"{name} {list(given.shape)}" for name, given in answers.items())
    return UnfitModel(
        f"the model answers with {told}; scores [batch, labels], or boxes [batch, places, 4] with scores"
        " [batch, places, labels] or with scores and numbers of labels [batch, places], are what can be read"
    )
