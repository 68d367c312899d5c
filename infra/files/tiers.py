"""Originals on slower disks: the bytes lie in the folder of a tier, and a link in their place says where.

Whoever reads an original (a worker, a signed URL) opens the link and sees no difference, so reading needs no settings.
A move copies, makes the copy durable, reads it back and compares, puts the link in the original's place in one step,
and only then ends the old bytes. What it is about to make and to end stands in a note, by which the next run clears
away after one that was killed.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final

from domain.errors import Contradicted
from domain.tiers import HOT
from domain.uploads import upload_of
from infra.files.disk import INCOMING, Disk, Draft, linked, place

ELSEWHERE: Final = "elsewhere"
"""The tier of originals in a folder that is none of the tiers' any more."""
_NOTES: Final = ".moving"
_PIECE: Final = 1 << 20


class DamagedError(Exception):
    """A copy is not what was copied; the original stays where it is."""


@dataclass(frozen=True, slots=True)
class Lying:
    """An original and where it lies; `size` is None where its file can't be found there."""

    key: str
    size: int | None
    tier: str


@dataclass(frozen=True, slots=True)
class _Move:
    """An original that is moved, and all files but itself that the move makes or ends."""

    key: str
    files: tuple[str, ...]


class Tiers:
    """The originals of a disk, and the folders of tiers that they may be moved to."""

    def __init__(self, disk: Disk, folders: Mapping[str, Path]) -> None:
        self._disk = disk
        self._folders = folders

    def originals(self) -> Iterator[Lying]:
        """Every original, by date and id within its bucket."""
        for bucket in self._disk.buckets:
            root = self._disk.root / bucket
            for folder in sorted(root.glob("photos/*/*/*/*")):
                path = folder / "original"
                if upload_of(path.relative_to(root).as_posix()) and (path.is_file() or path.is_symlink()):
                    size = path.stat().st_size if path.exists() else None
                    yield Lying(path.relative_to(root).as_posix(), size, self._tier(path))

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Be the only one that moves; gives how many files of a run that was killed have been cleared away.

        Raises `Contradicted("in_flight")` while another does.
        """
        notes = self._disk.root / _NOTES
        notes.mkdir(parents=True, exist_ok=True)
        handle = os.open(notes, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Contradicted("in_flight", "Originals are being moved already.") from None
            yield sum(map(self._cleared, list(notes.iterdir())))
        finally:
            os.close(handle)

    def move(self, key: str, tier: str) -> bool:
        """Have an original's bytes in that tier (within `alone`); False where it was removed or replaced meanwhile.

        Raises `OSError` where the disks don't do it, `DamagedError` where the copy is not the same; the original is then
        where it was.
        """
        path = self._disk.path(key)
        try:
            before = path.stat()
        except FileNotFoundError:
            return False
        home = self._disk if tier == HOT else Disk(self._folders[tier], self._disk.buckets)
        draft, old = home.draft(key), linked(path)
        link = self._disk.root / INCOMING / secrets.token_hex(16)
        files = [file for file in (draft.path, draft.target, link, old) if file is not None and file != path]
        try:
            with self._noted(_Move(key, tuple(map(str, files)))):
                _copy(path, draft)
                os.utime(draft.path, ns=(before.st_atime_ns, before.st_mtime_ns))  # its ETag stays the same
                if tier != HOT:
                    draft.keep()
                    link.parent.mkdir(exist_ok=True)
                    link.symlink_to(draft.target)
                with self._disk.held(fcntl.LOCK_EX):
                    same = path.exists() and os.path.samestat(path.stat(), before)
                    if same:
                        place(draft.path if tier == HOT else link, path)
                return same
        finally:
            draft.drop()

    def _tier(self, path: Path) -> str:
        target = linked(path)
        if target is None:
            return HOT
        return next((name for name, folder in self._folders.items() if target.is_relative_to(folder)), ELSEWHERE)

    @contextmanager
    def _noted(self, move: "_Move") -> Iterator[None]:
        """Have it on disk which files a move makes and ends; when it is over, only the one that counts is left."""
        with (self._disk.root / _NOTES / secrets.token_hex(16)).open("x") as note:
            json.dump(asdict(move), note)
            note.flush()
            os.fsync(note.fileno())
        try:
            yield
        finally:
            self._end(move)
            Path(note.name).unlink()

    def _cleared(self, note: Path) -> int:
        """End what a run left that was killed; gives how many files that were."""
        try:
            said = json.loads(note.read_bytes())
        except ValueError:
            said = None  # killed before the note was whole, so before anything else was made
        ended = 0 if said is None else self._end(_Move(said["key"], tuple(said["files"])))
        note.unlink()
        return ended

    def _end(self, move: "_Move") -> int:
        """End all files of a move but the one that the original lies in now."""
        now, ended = linked(self._disk.path(move.key)), 0
        for file in map(Path, move.files):
            if file != now and os.path.lexists(file):
                file.unlink()
                self._tidied(file)
                ended += 1
        return ended

    def _tidied(self, file: Path) -> None:
        for folder in self._folders.values():
            if file.is_relative_to(folder):
                Disk(folder, self._disk.buckets).tidy(file)


def _copy(source: Path, draft: Draft) -> None:
    """Copy, make it durable, read it back from the disk, and compare."""
    with source.open("rb") as file:
        digest = blake2b()
        while piece := file.read(_PIECE):
            digest.update(piece)
            draft.write(piece)
    draft.file.flush()
    os.fsync(draft.file.fileno())
    os.posix_fadvise(draft.file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # not from memory, but as it was written
    with draft.path.open("rb") as copied:
        if _digest(copied) != digest.digest():
            raise DamagedError(f"the copy of {source} at {draft.path} is not the same")


def _digest(file: BinaryIO) -> bytes:
    digest = blake2b()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.digest()
