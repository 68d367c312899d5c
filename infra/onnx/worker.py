"""What runs inside the process that looks: read rendered files, decode them, let the model look at all of them at once.

This module is imported by the server, too, which names its functions, so nothing heavy is imported but where it is used.
"""

import os
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from commands.ports import Spoiled
from domain.detection import Model
from domain.images import Label
from infra.images.worker import Defeated, Plates, reached
from infra.onnx.spec import Opened, OtherModelError, Spec
from infra.processes import follow_server

if TYPE_CHECKING:
    from infra.onnx.network import Network

_NICE: Final = 10
"""How much this process gives way: first sizes and renditions come before what a model sees in them."""


@dataclass(frozen=True, slots=True)
class Away:
    """The file can't be had now, and why."""

    why: str


Seen: TypeAlias = tuple[Label, ...] | Spoiled | Away


def prepare() -> None:
    """Make a fresh process a worker."""
    follow_server()
    os.nice(_NICE)
    with suppress(ImportError):  # so that no batch waits for it; what is missing is said when the model is opened
        import onnxruntime  # noqa: F401
        import PIL.Image  # noqa: F401

        import infra.onnx.network  # noqa: F401


def describe(spec: Spec) -> Opened:
    """Open the model; raises `UnfitModel` where that can't be done."""
    return _network(spec).opened


def look(spec: Spec, model: Model, plates: Plates, keys: Sequence[str]) -> list[Seen]:
    """What is in each of these files, in one go.

    Raises `OtherModelError` where the model's files are not those of `model`, and `Defeated` where it can't look.
    """
    network = _network(spec)
    if network.opened.model != model:
        raise OtherModelError(f"{spec.model} or its labels were changed while the server was running: start it again")
    seen: list[Seen | None] = []
    pictures = []
    for key in keys:
        picture = _picture(plates, key, (network.opened.width, network.opened.height))
        if isinstance(picture, Spoiled | Away):
            seen.append(picture)
        else:
            seen.append(None)
            pictures.append(picture)
    found = iter(_looked(network, pictures))
    return [next(found) if each is None else each for each in seen]


@lru_cache(maxsize=1)
def _network(spec: Spec) -> "Network":
    """A process opens its model once."""
    from infra.onnx.network import open_network

    return open_network(spec)


def _picture(plates: Plates, key: str, size: tuple[int, int]) -> Any:
    """The pixels of a rendered file, as large as the model takes them."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    try:
        content = reached(plates.read, key)
    except FileNotFoundError:
        return Spoiled("no_picture", "The picture's file is not there.")
    except ConnectionError as error:
        return Away(str(error))
    try:
        with Image.open(BytesIO(content)) as image:
            return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR))
    except Exception:  # noqa: BLE001 - decoders may raise anything for a damaged file
        return Spoiled("no_picture", "The picture's file can't be decoded.")


def _looked(network: "Network", pictures: list[Any]) -> list[tuple[Label, ...]]:
    import numpy as np

    if not pictures:
        return []
    try:
        return network.look(np.stack(pictures))
    except Exception as error:  # noqa: BLE001 - what a model does is its own affair; errors of ONNX can't be pickled
        raise Defeated("".join(traceback.format_exception(error))) from None
