"""The port `Similar` over SQLite: every descriptor in memory, compared exactly by numpy; 64 numbers a photo, 256 bytes.

A hundred thousand photos are compared in some milliseconds. What has changed since the last question is read first; where
rows are gone, which erasure alone does, all are read again.
"""

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.ids import PhotoId
from infra.sqlite.models import SqliteReadModels
from infra.sqlite.readers import Reader
from projections.rows import DIMENSIONS
from projections.similar import SIMILAR, DescriptorRow

_FILE: Final = "SELECT file FROM pragma_database_list WHERE name = 'main'"
_COUNT: Final = "SELECT count(*) FROM descriptors"
_SINCE: Final = "SELECT photo_id, descriptor, changed_at FROM descriptors WHERE changed_at >= ?"


class SqliteSimilar:
    """Photos by what they look like."""

    def __init__(self, models: SqliteReadModels) -> None:
        self._models = models
        self._turn = threading.Lock()
        self._known = _Known("")

    async def descriptor(self, photo_id: PhotoId) -> tuple[int, ...] | None:
        """What the photo is compared by."""
        found = await self._models.read(
            SIMILAR, lambda reader: reader.rows(DescriptorRow, "WHERE photo_id = ?", photo_id)
        )
        return tuple(map(int, found[0].descriptor)) if found else None

    async def nearest(self, descriptor: Sequence[int], *, limit: int) -> Sequence[tuple[PhotoId, float]]:
        """The nearest, best first; equals by their ids, the newest first."""
        asked = np.asarray(descriptor, np.float32)
        return await self._models.read(SIMILAR, lambda reader: self._nearest(reader, asked, limit))

    def _nearest(self, reader: Reader, asked: NDArray[np.float32], limit: int) -> list[tuple[PhotoId, float]]:
        with self._turn:
            ((file,),) = reader.values(_FILE)
            if self._known.file != file:
                self._known = _Known(file)
            self._known.take(reader)
            if len(self._known.ids) > reader.values(_COUNT)[0][0]:
                self._known = _Known(file)
                self._known.take(reader)
            ids, matrix = list(self._known.ids), self._known.matrix[: len(self._known.ids)]
            near = matrix @ (asked / np.linalg.norm(asked))
        best = (
            sorted(zip(near.tolist(), ids, strict=True), reverse=True) if len(ids) <= limit else _best(near, ids, limit)
        )
        return [(photo, similarity) for similarity, photo in best]


class _Known:
    """The descriptors of one build, each of length 1."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.ids: list[PhotoId] = []
        self.matrix: NDArray[np.float32] = np.zeros((256, DIMENSIONS), np.float32)
        self._places: dict[PhotoId, int] = {}
        self._since = 0

    def take(self, reader: Reader) -> None:
        """Read what has changed; the rows of the last moment once more, since others may share it."""
        for photo, stored, changed_at in reader.values(_SINCE, self._since):
            vector = np.frombuffer(stored, ">f4").astype(np.float32)
            self.matrix[self._place(photo)] = vector / np.linalg.norm(vector)
            self._since = max(self._since, changed_at)

    def _place(self, photo: PhotoId) -> int:
        at = self._places.setdefault(photo, len(self.ids))
        if at == len(self.ids):
            self.ids.append(photo)
            if at == len(self.matrix):
                self.matrix = np.concatenate([self.matrix, np.zeros_like(self.matrix)])
        return at


def _best(near: NDArray[np.float32], ids: list[PhotoId], limit: int) -> list[tuple[float, PhotoId]]:
    first = np.argpartition(-near, limit)[:limit]
    return sorted(((float(near[at]), ids[at]) for at in first), reverse=True)
