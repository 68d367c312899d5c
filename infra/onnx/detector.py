"""The port `Detector` over ONNX Runtime: pictures that wait are looked at together, in a process beside the server.

A batch that crashes or outstays its process is taken apart, so that one picture which a model can't bear costs the
others a second look and nothing else. It is tried three times in all; then it counts as given up.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import structlog
from pebble import ProcessExpired

from commands.ports import Spoiled
from domain.detection import Model
from domain.images import DOWNLOAD, RECIPE, Label, Rendition
from infra.images.worker import Defeated, Plates
from infra.onnx import worker
from infra.onnx.spec import Opened, Spec, UnfitModel
from infra.processes import Processes

TRIES: Final = 3
_UNSUITED: Final = frozenset({DOWNLOAD, *(size.name for size in RECIPE.sizes if size.square)})
_LONGEST_DETAIL: Final = 200

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Asked:
    """A file to look at, and who waits for what is seen."""

    key: str
    answer: asyncio.Future[tuple[Label, ...] | Spoiled] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, seen: tuple[Label, ...] | Spoiled | Exception) -> None:
        if self.answer.done():
            return
        if isinstance(seen, Exception):
            self.answer.set_exception(seen)
        else:
            self.answer.set_result(seen)


class OnnxDetector:
    """Looks at rendered pictures with the operator's model; to be started before use and closed after it."""

    def __init__(self, spec: Spec, plates: Plates, *, seconds: float = 60.0) -> None:
        """`seconds` are what a batch may take, and the opening of the model with it."""
        self._spec = spec
        self._plates = plates
        self._processes = Processes(1, seconds, worker.prepare, what="processes of the model")
        self._opened: Opened | None = None
        self._line: deque[_Asked] = deque()
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> Opened:
        """Open the model; `UnfitModel` says what is wrong with it."""
        try:
            self._opened = await self._processes.run(worker.describe, self._spec)
        except TimeoutError:
            raise UnfitModel(
                f"{self._spec.model} is not open after FILMROLL_DETECT_SECONDS, {self._processes.seconds:g}"
            ) from None
        except ProcessExpired as error:
            raise UnfitModel(f"{self._spec.model} ends the process that opens it: {error}") from None
        _log.info("a model looks at photos", model=self.model.name, version=self.model.version, on=self.opened.provider)
        return self._opened

    @property
    def opened(self) -> Opened:
        """What was found out about the model."""
        if self._opened is None:
            raise RuntimeError("The model is not open.")
        return self._opened

    @property
    def model(self) -> Model:
        """The model's name is that of its file; its version is made of all that bears on what it says."""
        return self.opened.model

    async def look(self, picture: Rendition) -> tuple[Label, ...] | Spoiled:
        """What is in a picture, the surest first, or why the model can't tell, after a few tries.

        Raises `ConnectionError` while its file can't be reached, and `OtherModelError` once the model's own are others.
        """
        key = _file(picture, self.opened)
        if key is None:
            return Spoiled("no_picture", "There is no file of the whole picture.")
        asked = _Asked(key)
        self._line.append(asked)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_at_all(), name="looking at photos")
        return await asked.answer

    async def close(self) -> None:
        """Finish the batch that is looked at; who still waits gets `RuntimeError`."""
        await self._processes.close()
        if self._looking is not None:
            await asyncio.wait({self._looking})

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _look_at_all(self) -> None:
        """Batch after batch, each of all that came while the one before was looked at."""
        while self._line:
            most = min(len(self._line), self.opened.batch)
            batch = [asked for asked in (self._line.popleft() for _ in range(most)) if not asked.answer.done()]
            if batch:
                await self._look_at(batch)

    async def _look_at(self, batch: Sequence[_Asked], number: int = 1) -> None:
        keys = [asked.key for asked in batch]
        try:
            seen = await self._processes.run(worker.look, self._spec, self.model, self._plates, keys)
        except (ProcessExpired, TimeoutError, Defeated) as error:
            _log.warning("looking failed", pictures=len(batch), number=number, error=_detail(error))
            if number == TRIES:
                batch[0].settle(Spoiled("detection_failed", _detail(error)))
                return
            for asked in batch:
                await self._look_at([asked], number + 1)
        except Exception as error:  # noqa: BLE001 - it is for those who asked to say
            for asked in batch:
                asked.settle(error)
        else:
            for asked, found in zip(batch, seen, strict=True):
                asked.settle(ConnectionError(found.why) if isinstance(found, worker.Away) else found)


def _file(picture: Rendition, opened: Opened) -> str | None:
    """The smallest file of the whole picture that is as large as the model takes it, or else the largest."""
    whole = [variant for variant in picture.variants if variant.name not in _UNSUITED]
    enough = [each for each in whole if each.width >= opened.width and each.height >= opened.height]
    if enough:
        return min(enough, key=lambda each: (each.width * each.height, each.bytes)).key
    return max(whole, key=lambda each: (each.width * each.height, -each.bytes)).key if whole else None


def _detail(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "The model takes too long."
    if isinstance(error, ProcessExpired):
        return "The model ends its process."
    return (str(error).strip().splitlines() or ["The model failed."])[-1][:_LONGEST_DETAIL]
