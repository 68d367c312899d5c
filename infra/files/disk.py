"""The blocking half of the object store: files under a root, spread over bucket directories by their key.

A `Disk` holds no handle and no lock, so it travels to worker processes as it is.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from domain.errors import NotFound
from infra.files.keys import checked, checked_prefix
from infra.images.sniff import sniff

_TYPES = {"webp": "image/webp", "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png"}
_INCOMING = ".incoming"


@dataclass(frozen=True, slots=True)
class Found:
    """An object as it lies there, with all that serving it takes."""

    path: Path
    size: int
    modified_at: datetime
    etag: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Bytes on their way to becoming an object; until `keep`, no reader sees any of them."""

    path: Path
    target: Path
    file: BinaryIO

    def write(self, content: bytes) -> None:
        """Add to the end."""
        self.file.write(content)

    def keep(self) -> None:
        """Become the object in one step, durably."""
        self.file.flush()
        os.fsync(self.file.fileno())
        _place(self.path, self.target)

    def drop(self) -> None:
        """Leave nothing of the draft; after `keep` the object stays."""
        self.file.close()
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Disk:
    """Objects as files: `root/bucket/key`."""

    root: Path
    buckets: tuple[str, ...] = ("objects",)

    def path(self, key: str) -> Path:
        """Where the object lies, or would.

        The bucket is chosen by rendezvous hashing (Thaler and Ravishankar, 1998, https://doi.org/10.1109/90.663936): a
        new bucket takes over its own share of keys and moves no others.
        """
        name = checked(key)
        bucket = max(self.buckets, key=lambda bucket: blake2b(f"{bucket}\0{name}".encode(), digest_size=8).digest())
        return self.root / bucket / name

    def draft(self, key: str) -> "Draft":
        """A file to fill, which becomes the object by `keep` and is gone by `drop`."""
        return self.draft_at(self.path(key))

    def draft_at(self, target: Path) -> "Draft":
        """The same for a file that is no object (yet)."""
        waiting = self.root / _INCOMING
        waiting.mkdir(parents=True, exist_ok=True)
        path = waiting / secrets.token_hex(16)
        return Draft(path, target, path.open("xb"))

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably; one of the same key is replaced. The type is told by the key's ending or the bytes."""
        del content_type
        draft = self.draft(key)
        try:
            draft.write(content)
            draft.keep()
        finally:
            draft.drop()

    def read(self, key: str) -> bytes:
        """The object's bytes; `NotFound` where there is none."""
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _missing() from None

    def find(self, key: str) -> Found:
        """What there is to say of an object; `NotFound` where there is none."""
        path = self.path(key)
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                content_type = _TYPES.get(path.suffix[1:]) or sniff(file.read(64)).content_type
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _missing() from None
        etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        return Found(path, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC), etag, content_type)

    def size(self, key: str) -> int | None:
        """How many bytes the object has; None where there is none."""
        path = self.path(key)
        return path.stat().st_size if path.is_file() else None

    def move(self, source: str, target: str) -> None:
        """Give an object another key, in one step where both lie on one file system; `NotFound` where there is none.

        Asked again after it was done, it does nothing.
        """
        before, after = self.path(source), self.path(target)
        if before == after or (after.is_file() and not before.is_file()):
            return
        if not before.is_file():
            raise _missing()
        _place(before, after)
        self._tidy(before)

    def remove(self, keys: Sequence[str]) -> None:
        """End the objects; those that don't exist are no error."""
        for path in map(self.path, keys):
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
                self._tidy(path)

    def list(self, prefix: str) -> tuple[str, ...]:
        """The keys under a prefix of whole segments (`photos/2026/`), in order; every file under it is visited."""
        start = checked_prefix(prefix)
        return tuple(
            sorted(
                path.relative_to(self.root / bucket).as_posix()
                for bucket in self.buckets
                for path in (self.root / bucket / start).rglob("*")
                if path.is_file()
            )
        )

    def sweep(self, before: datetime) -> int:
        """Remove what writers that died left half written before then; gives how many."""
        stale = [path for path in (self.root / _INCOMING).glob("*") if path.stat().st_mtime < before.timestamp()]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _tidy(self, path: Path) -> None:
        """Remove the folders that an object leaves empty behind it."""
        homes = {self.root / bucket for bucket in self.buckets}
        for folder in path.parents:
            if folder in homes:
                return
            try:
                folder.rmdir()
            except OSError:
                return  # another object lies there


def _place(draft: Path, target: Path) -> None:
    """Put a file where it belongs, and make the name as durable as the bytes."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.replace(target)
        except FileNotFoundError:
            if not draft.exists():
                raise
            continue  # someone tidied the folder away in between
        break
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _missing() -> NotFound:
    return NotFound("object_not_found", "There is no such object.")
