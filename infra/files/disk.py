"""The blocking half of the object store: files under a root, spread over bucket directories by their key.

A `Disk` holds no handle and no lock, so it travels to worker processes as it is. An object may be a link to a file in
another folder (`infra.files.tiers`): whoever reads it sees no difference, and what ends the object ends that file.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from domain.errors import NotFound
from infra.files.keys import checked, checked_prefix
from infra.images.sniff import sniff

_TYPES = {"webp": "image/webp", "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png"}
INCOMING = ".incoming"


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
        replaced = linked(self.target)
        place(self.path, self.target)
        if replaced is not None:
            replaced.unlink(missing_ok=True)

    def drop(self) -> None:
        """Leave nothing of the draft; after `keep` the object stays."""
        try:
            self.file.close()  # which may find no room for what waits to be written
        finally:
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
        path = self._waiting()
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

    def copy(self, source: str, target: str) -> None:
        """Give an object a second key; `NotFound` where there is none. Done again, it changes nothing.

        No byte is copied where the file system knows hard links: objects are replaced or removed, never written into.
        """
        waiting = self._waiting()
        try:
            try:
                waiting.hardlink_to(self.path(source))
            except (FileNotFoundError, NotADirectoryError):
                raise _missing() from None
            except OSError:
                self.write(target, self.read(source), "")
            else:
                place(waiting, self.path(target))
        finally:
            waiting.unlink(missing_ok=True)  # a rename onto another name of the same file does nothing

    def remove(self, keys: Sequence[str]) -> None:
        """End the objects; those that don't exist are no error."""
        paths = [self.path(key) for key in keys]
        if not paths or not self.root.is_dir():
            return
        with self.held(fcntl.LOCK_SH):
            for path in paths:
                with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    if (file := linked(path)) is not None:
                        file.unlink(missing_ok=True)  # first, so that no byte outlives its name
                    path.unlink()
                    self.tidy(path)

    @contextmanager
    def held(self, how: int) -> Iterator[None]:
        """Hold the root (`fcntl.LOCK_SH`, `LOCK_EX`), so that no object is removed while its place is taken by a link."""
        with _opened(self.root) as root:
            fcntl.flock(root, how)  # ends with the handle, also where the process is killed
            yield

    def list(self, prefix: str) -> tuple[str, ...]:
        """The keys under a prefix of whole segments (`photos/2026/`), in order; every file under it is visited."""
        start = checked_prefix(prefix)
        return tuple(
            sorted(
                path.relative_to(self.root / bucket).as_posix()
                for bucket in self.buckets
                for folder, _, names in os.walk(self.root / bucket / start, onerror=_unless_gone)
                for path in (Path(folder, name) for name in names)
                if path.is_file()
            )
        )

    def sweep(self, before: datetime) -> int:
        """Remove what writers that died left half written before then; gives how many."""
        stale = [path for path in (self.root / INCOMING).glob("*") if path.lstat().st_mtime < before.timestamp()]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _waiting(self) -> Path:
        """A name for a file that is no object yet."""
        folder = self.root / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder / secrets.token_hex(16)

    def tidy(self, path: Path) -> None:
        """Remove the folders that an object leaves empty behind it."""
        homes = {self.root / bucket for bucket in self.buckets}
        for folder in path.parents:
            if folder in homes:
                return
            try:
                folder.rmdir()
            except OSError:
                return  # another object lies there


def linked(path: Path) -> Path | None:
    """The file that an object is a link to; None where its bytes lie in its own place."""
    return path.readlink() if path.is_symlink() else None


def place(draft: Path, target: Path) -> None:
    """Put a file (or a link) where it belongs, and make the name as durable as the bytes."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.replace(target)
        except FileNotFoundError:
            if not os.path.lexists(draft):
                raise
            continue  # someone tidied the folder away in between
        break
    with _opened(target.parent) as folder:
        os.fsync(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


def _unless_gone(error: OSError) -> None:
    """A folder may be tidied away while others are walked through."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _missing() -> NotFound:
    return NotFound("object_not_found", "There is no such object.")
