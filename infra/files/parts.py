"""Parts of objects that come in several puts, until they are joined: files of their own, under the handle of all."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.errors import Contradicted, Invalid
from infra.files.disk import Disk, Draft

_HANDLE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FOLDER: Final = ".parts"
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that have arrived on a disk; like it, without handle or lock."""

    disk: Disk

    def draft(self, handle: str, number: int) -> Draft:
        """A part to fill."""
        return self.disk.draft_at(self._folder(handle) / str(number))

    def etag(self, handle: str, number: int) -> str:
        """The entity tag of a part that is there."""
        return _etag(self._folder(handle) / str(number))

    def join(self, key: str, handle: str, sizes: Sequence[int], etags: Mapping[int, str] | None) -> None:
        """Make the object of its parts, in one step; the parts are gone after it."""
        folder = self._folder(handle)
        if self.disk.size(key) == sum(sizes) and not folder.exists():
            return
        paths = [folder / str(number) for number in range(1, len(sizes) + 1)]
        for number, (path, size) in enumerate(zip(paths, sizes, strict=True), 1):
            if not path.is_file() or path.stat().st_size != size:
                raise Contradicted("not_uploaded", f"Part {number} of {len(sizes)} has not arrived.")
            if etags is not None and etags.get(number, "").strip('"') != _etag(path).strip('"'):
                raise Invalid("parts_mismatch", f"Part {number} is not the one of that ETag.", field="parts")
        draft = self.disk.draft(key)
        try:
            for path in paths:
                with path.open("rb") as file:
                    shutil.copyfileobj(file, draft.file, _PIECE)
            draft.keep()
        finally:
            draft.drop()
        self.scrap(handle)

    def scrap(self, handle: str) -> None:
        """End all parts of a handle."""
        shutil.rmtree(self._folder(handle), ignore_errors=True)

    def sweep(self, before: datetime) -> int:
        """End the parts of what was never joined, and has got none since then; gives how many handles."""
        stale = [path for path in (self.disk.root / _FOLDER).glob("*") if path.stat().st_mtime < before.timestamp()]
        for path in stale:
            shutil.rmtree(path, ignore_errors=True)
        return len(stale)

    def _folder(self, handle: str) -> Path:
        if not _HANDLE.fullmatch(handle):
            raise Invalid("object_key_invalid", "That is not the handle of an object in parts.")
        return self.disk.root / _FOLDER / handle


def _etag(path: Path) -> str:
    stat = path.stat()
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
