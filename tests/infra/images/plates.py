"""Stores that do to a worker what crashes, stalls and broken disks do; they travel to the worker as they are."""

import errno
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from infra.files.disk import Disk
from infra.minio.bucket import Bucket


@dataclass(frozen=True, slots=True)
class Deadly:
    """Kills the worker at its third variant, as often as told, and counts how often it was asked."""

    disk: Disk
    tally: Path
    deaths: int

    def read(self, key: str) -> bytes:
        if "deadly" in key:
            with self.tally.open("a") as file:
                file.write("x")
        return self.disk.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        if "small.webp" in key and 0 < self.asked <= self.deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        self.disk.write(key, content, content_type)

    @property
    def asked(self) -> int:
        return len(self.tally.read_text()) if self.tally.exists() else 0


@dataclass(frozen=True, slots=True)
class Stalling:
    """Says by a pipe that it was asked for an original that stalls; answers once the gate opens, if there is one."""

    disk: Disk
    pipe: Path
    gate: Path | None = None

    def read(self, key: str) -> bytes:
        if "stalling" in key:
            self.pipe.write_text(f"{os.getpid()}\n")
            if self.gate is None:
                threading.Event().wait()
            else:
                self.gate.read_text()
        return self.disk.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        self.disk.write(key, content, content_type)


class Odd(Exception):
    """An error that can't be unpickled, like those of some drivers."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


@dataclass(frozen=True, slots=True)
class Failing:
    """Fails with an error of its driver."""

    def read(self, key: str) -> bytes:
        raise Odd("no", key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        raise TimeoutError


def _counted(tally: Path) -> int:
    """How many came before this call, over all processes; every call has a number of its own."""
    file = os.open(tally, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, b"x")
        return os.lseek(file, 0, os.SEEK_CUR) - 1  # appended in one step, so the offset after it is this call's own
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class Faltering:
    """Fails at every third call, whichever process makes it."""

    disk: Disk | Bucket
    tally: Path

    def read(self, key: str) -> bytes:
        self._may_fail()
        return self.disk.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        self._may_fail()
        self.disk.write(key, content, content_type)

    def _may_fail(self) -> None:
        if _counted(self.tally) % 3 == 2:
            raise ConnectionError("the object store fails at every third call")


@dataclass(frozen=True, slots=True)
class Murderous:
    """Kills the worker as `kill -9` does, in the middle of its files, at every tenth write until it did so twice."""

    disk: Disk | Bucket
    tally: Path

    def read(self, key: str) -> bytes:
        return self.disk.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        if _counted(self.tally) in {9, 19}:
            os.kill(os.getpid(), signal.SIGKILL)
        self.disk.write(key, content, content_type)


@dataclass(frozen=True, slots=True)
class Cramped:
    """Tells how often there was no room."""

    disk: Disk
    tally: Path

    def read(self, key: str) -> bytes:
        return self.disk.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        try:
            self.disk.write(key, content, content_type)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                _counted(self.tally)
            raise


@dataclass(frozen=True, slots=True)
class Poisonous:
    """Kills the worker as soon as the first file of a name is written, as often as it is tried."""

    store: Disk | Bucket
    tally: Path
    name: str

    def read(self, key: str) -> bytes:
        return self.store.read(key)

    def write(self, key: str, content: bytes, content_type: str) -> None:
        self.store.write(key, content, content_type)
        if f"/{self.name}." in key:
            _counted(self.tally)
            os.kill(os.getpid(), signal.SIGKILL)
