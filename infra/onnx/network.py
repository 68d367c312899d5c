"""A model opened: everything that can be wrong with it is said here, before a picture comes."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.detection import Model
from domain.images import Label
from infra.onnx.answers import Classed, Meaning, labels_in, meaning_of
from infra.onnx.spec import Opened, Spec, UnfitModel

Pictures = NDArray[np.uint8]

_PROVIDERS: Final = ("CUDAExecutionProvider", "CPUExecutionProvider")
_TYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
_OPEN_SIDE: Final = 640
"""Pixels of a side that the model leaves open."""
_MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION: Final = np.array([0.229, 0.224, 0.225], np.float32)
"""Of the pixels of ImageNet, as models trained on it have been fed since (torchvision.models)."""
_AXES: Final = 4
_COLOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Network:
    """A model ready to look; `fixed` is the batch that it insists on, if it does."""

    spec: Spec
    opened: Opened
    labels: tuple[str, ...]
    session: Any
    takes: str
    kind: Any
    channels_first: bool
    fixed: int | None
    meaning: Meaning

    def look(self, pictures: Pictures) -> list[tuple[Label, ...]]:
        """What is in each picture (of the size it takes, RGB, `[n, height, width, 3]`), the surest first."""
        answers = _run(self.session, self.takes, self._fed(pictures))
        return [labels_in(answers, self.meaning, self.labels, self.spec, at) for at in range(len(pictures))]

    def _fed(self, pictures: Pictures) -> NDArray[Any]:
        if self.fixed is not None and len(pictures) < self.fixed:
            missing = (self.fixed - len(pictures), *pictures.shape[1:])
            pictures = np.concatenate([pictures, np.zeros(missing, np.uint8)])
        fed = pictures if self.kind is np.uint8 else _scaled(pictures, self.spec).astype(self.kind)
        return np.ascontiguousarray(fed.transpose(0, 3, 1, 2)) if self.channels_first else fed


def open_network(spec: Spec) -> Network:
    """Open a model on a GPU where there is one; `UnfitModel` says what is wrong with it."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UnfitModel(
            "FILMROLL_DETECT_MODEL is set, but ONNX Runtime is not installed: pip install 'filmroll[detect]', or "
            f"onnxruntime-gpu for a GPU ({error})"
        ) from None
    content, named = _read(spec.model, "FILMROLL_DETECT_MODEL"), _read(spec.labels, "FILMROLL_DETECT_LABELS")
    labels = _labels(named, spec.labels)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, (os.cpu_count() or 1) - 1)
    options.log_severity_level = 4  # what goes wrong is raised as well
    available = onnxruntime.get_available_providers()
    providers = [provider for provider in _PROVIDERS if provider in available]
    try:
        session = onnxruntime.InferenceSession(str(spec.model), options, providers=providers)
    except Exception as error:  # noqa: BLE001 - its errors have no root of their own
        raise UnfitModel(f"{spec.model} is no model that ONNX Runtime can open: {_line(error)}") from None
    takes, kind, shape = _input(session)
    channels_first = shape[1] == _COLOURS
    height, width = (
        side if isinstance(side, int) else _OPEN_SIDE for side in (shape[2:] if channels_first else shape[1:3])
    )
    fixed = shape[0] if isinstance(shape[0], int) else None
    version = sha256(
        b"\0".join([content, named, f"{spec.pixels} {spec.scores} {spec.boxes} {spec.confidence}".encode()])
    )
    shown = fixed or min(2, spec.batch)
    size = (shown, _COLOURS, height, width) if channels_first else (shown, height, width, _COLOURS)
    try:
        answers = _run(session, takes, np.zeros(size, kind))
    except Exception as error:  # noqa: BLE001 - as above
        raise UnfitModel(f"{spec.model} can't look at a picture of {width} × {height}: {_line(error)}") from None
    meaning = meaning_of(answers)
    _check(meaning, answers, shown, len(labels))
    opened = Opened(
        Model(spec.model.stem, version.hexdigest()[:12]), width, height, fixed or spec.batch, session.get_providers()[0]
    )
    return Network(spec, opened, labels, session, takes, kind, channels_first, fixed, meaning)


def _run(session: Any, takes: str, fed: NDArray[Any]) -> dict[str, NDArray[Any]]:
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, map(np.asarray, session.run(names, {takes: fed})), strict=True))


def _scaled(pictures: Pictures, spec: Spec) -> NDArray[np.float32]:
    pixels = pictures.astype(np.float32)
    unit = pixels / np.float32(255)
    match spec.pixels:
        case "unit":
            return unit
        case "signed":
            return pixels / np.float32(127.5) - np.float32(1)
        case "imagenet":
            return (unit - _MEAN) / _DEVIATION
        case "bytes":
            return pixels


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnfitModel(f"{setting}: {path} can't be read: {error.strerror}") from None


def _labels(content: bytes, path: Path) -> tuple[str, ...]:
    try:
        lines = tuple(line.strip() for line in content.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError:
        raise UnfitModel(f"FILMROLL_DETECT_LABELS: {path} is no text in UTF-8") from None
    if not any(lines):
        raise UnfitModel(f"FILMROLL_DETECT_LABELS: {path} holds no label")
    return lines


def _input(session: Any) -> tuple[str, Any, list[Any]]:
    inputs = session.get_inputs()
    wanted = "one input of pictures, [batch, 3, height, width] or [batch, height, width, 3], is what can be fed"
    if len(inputs) != 1:
        raise UnfitModel(f"the model takes {len(inputs)} inputs ({', '.join(each.name for each in inputs)}); {wanted}")
    (given,) = inputs
    shape = list(given.shape)
    if len(shape) != _AXES or _COLOURS not in (shape[1], shape[3]):
        raise UnfitModel(f"the model takes input of the shape {shape}; {wanted}")
    if given.type not in _TYPES:
        raise UnfitModel(f"the model takes {given.type}; floats and bytes are what can be fed")
    return given.name, _TYPES[given.type], shape


def _check(meaning: Meaning, answers: dict[str, NDArray[Any]], pictures: int, labels: int) -> None:
    """Answers must be for each picture and scores for each label; numbers of labels are only seen when they come."""
    scores = answers[meaning.scores]
    if len(scores) != pictures:
        raise UnfitModel(f"the model answers for {len(scores)} pictures where it is shown {pictures}")
    told = scores[0].size if isinstance(meaning, Classed) else scores.shape[-1]
    of_each = isinstance(meaning, Classed) or meaning.numbers is None
    if of_each and told != labels:
        raise UnfitModel(f"the model tells {told:,} labels apart, but FILMROLL_DETECT_LABELS has {labels:,} lines")


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
