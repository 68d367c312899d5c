"""What an export consists of: its parts, each with the positions that it covers, its files, and their SHA-256.

Nothing in it depends on when or where it was written, so the same facts give the same manifest, byte for byte.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Final

import orjson

from infra.analysis.formats import Format

NAME: Final = "manifest.json"

Positions = Mapping[int, int]


class ExportError(Exception):
    """A folder does not hold the export that was asked for."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is exported: the format, the events by stored name (None: all), personal fields or not."""

    format: Format
    types: tuple[str, ...] | None
    personal: bool


@dataclass(frozen=True, slots=True)
class File:
    """One file: its path within the export, its rows, bytes and SHA-256."""

    path: str
    table: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one run added: the events of each log after one number, up to and including another."""

    number: int
    after: Positions
    through: Positions
    events: int
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All parts, in order: each begins where the one before it ended."""

    content: Content
    parts: tuple[Part, ...] = ()

    @property
    def through(self) -> Positions:
        """How far the export goes."""
        return self.parts[-1].through if self.parts else {}

    @property
    def events(self) -> int:
        """How many events it holds."""
        return sum(part.events for part in self.parts)

    def files(self, table: str) -> Iterator[str]:
        """The files of a table, in order."""
        return (file.path for part in self.parts for file in part.files if file.table == table)

    def with_part(self, part: Part) -> "Manifest":
        """The same, and one more part."""
        return replace(self, parts=(*self.parts, part))


def load(directory: Path) -> Manifest | None:
    """The manifest of an export; None where the folder holds none."""
    try:
        held = orjson.loads((directory / NAME).read_bytes())
    except FileNotFoundError:
        return None
    types = held["types"]
    content = Content(Format(held["format"]), None if types is None else tuple(types), held["personal"])
    return Manifest(content, tuple(_part(part) for part in held["parts"]))


def save(directory: Path, manifest: Manifest) -> None:
    """Write the manifest, whole or not at all: only now the files it names are part of the export."""
    document = {
        **asdict(manifest.content),
        "events": manifest.events,
        "through": manifest.through,
        "parts": [asdict(part) for part in manifest.parts],
    }
    draft = directory / f".{NAME}"
    with draft.open("wb") as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(directory / NAME)


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def damaged(directory: Path, manifest: Manifest) -> list[str]:
    """The files that are missing or not what was written, by comparing every byte's hash."""

    def sound(file: File) -> bool:
        path = directory / file.path
        return path.is_file() and sha256_of(path) == file.sha256

    return [file.path for part in manifest.parts for file in part.files if not sound(file)]


def _part(held: dict[str, object]) -> Part:
    files = held["files"]
    assert isinstance(files, list)
    return Part(
        number=int(str(held["number"])),
        after=_positions(held["after"]),
        through=_positions(held["through"]),
        events=int(str(held["events"])),
        files=tuple(File(**file) for file in files),
    )


def _positions(held: object) -> Positions:
    assert isinstance(held, dict)
    return {int(log): number for log, number in held.items()}
