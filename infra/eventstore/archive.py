"""The archive: closed ranges of a log as Parquet files in the object store, each with a manifest that proves it.

A part holds consecutive events of one log in their stored form, personal fields still sealed: who destroys a member's
key has erased them here too. A part counts once its manifest lies beside it, which is written after the file was read
back and compared. Parts never change.
"""

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final, Protocol

import orjson

from domain.errors import NotFound
from infra.analysis.extras import extra
from infra.eventstore import codec
from streams.ports import Stored

EVENTS: Final = 20_000
"""Events of a part; a reader keeps a few parts in memory."""
_KEPT: Final = 4
_ROOT: Final = "archive/events"
_COLUMNS: Final = ("number", "stream", "version", "name", "state")
_AWAY: Final = b'"archived":true}'


class DamagedError(Exception):
    """What lies in the archive is not what was written, or is missing."""


class Shelf(Protocol):
    """Where objects lie; any thread may call."""

    def read(self, key: str) -> bytes:
        """The object's bytes; raises where there is none, or the store is away."""
        ...

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably; one of the same key is replaced."""
        ...

    def list(self, prefix: str) -> tuple[str, ...]:
        """The keys under a prefix, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Everything of a log after one number, up to and including another, in one file."""

    log: int
    after: int
    through: int
    events: int
    bytes: int
    sha256: str

    @property
    def key(self) -> str:
        """Where the file lies."""
        return f"{_folder(self.log)}{self.after + 1:018d}-{self.through:018d}.parquet"


def left_behind(state: bytes) -> bytes:
    """What stays in a table for a payload that is read from the archive: when it was recorded."""
    return codec.stamped(_AWAY, codec.stamp_of(state))


def is_away(state: bytes) -> bool:
    """Whether a payload has to be read from the archive."""
    return state.endswith(_AWAY)


class Archive:
    """The parts on a shelf; any thread may call."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._gate = threading.Lock()
        self._parts: dict[int, list[Part]] = {}
        self._open: OrderedDict[Part, Mapping[int, bytes]] = OrderedDict()

    def parts(self, log: int) -> Sequence[Part]:
        """The parts of a log, in order, as they lie there now."""
        names = [key for key in self._shelf.list(_folder(log)) if key.endswith(".json")]
        parts = sorted((Part(**orjson.loads(self._shelf.read(key))) for key in names), key=lambda part: part.after)
        for before, part in pairwise(parts):
            if part.after != before.through:
                raise DamagedError(f"log {log} has no archive from {before.through + 1} to {part.after}")
        with self._gate:
            self._parts[log] = parts
        return parts

    def add(self, log: int, after: int, facts: Sequence[Stored]) -> Part:
        """Copy consecutive facts, read the copy back, compare, and only then let it count."""
        body = _written(facts)
        part = Part(log, after, facts[-1].number, len(facts), len(body), sha256(body).hexdigest())
        self._shelf.write(part.key, body, "application/vnd.apache.parquet")
        if list(self.read(part)) != list(facts):
            raise DamagedError(f"{part.key} does not hold what was written")
        self._shelf.write(_manifest(part), orjson.dumps(asdict(part)), "application/json")
        return part

    def read(self, part: Part) -> Iterator[Stored]:
        """The facts of a part, after its bytes were compared with its manifest; raises `DamagedError`."""
        try:
            body = self._shelf.read(part.key)
        except NotFound as error:
            raise DamagedError(f"{part.key} is missing") from error
        if len(body) != part.bytes or sha256(body).hexdigest() != part.sha256:
            raise DamagedError(f"{part.key} is not what was written")
        table = extra("pyarrow.parquet").read_table(io.BytesIO(body))
        columns = (table.column(name).to_pylist() for name in _COLUMNS)
        return (
            Stored(part.log, number, stream, version, name, state)
            for number, stream, version, name, state in zip(*columns, strict=True)
        )

    def payloads(self, log: int, numbers: Sequence[int]) -> Mapping[int, bytes]:
        """The payloads of these numbers; raises `DamagedError` for one that no part holds."""
        found: dict[int, bytes] = {}
        for number in numbers:
            if number not in found:
                held = self._held(self._part_of(log, number))
                found |= {each: held[each] for each in numbers if each in held}
                if number not in found:
                    raise DamagedError(f"the archive of log {log} does not hold {number}")
        return found

    def _part_of(self, log: int, number: int) -> Part:
        for known in (self._parts.get(log, ()), None):
            for part in self.parts(log) if known is None else known:
                if part.after < number <= part.through:
                    return part
        raise DamagedError(f"the archive of log {log} does not reach {number}")

    def _held(self, part: Part) -> Mapping[int, bytes]:
        with self._gate:
            known = self._open.get(part)
            if known is not None:
                self._open.move_to_end(part)
                return known
        held = {fact.number: fact.state for fact in self.read(part)}
        with self._gate:
            self._open[part] = held
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
        return held


def _folder(log: int) -> str:
    return f"{_ROOT}/log-{log:04d}/"


def _manifest(part: Part) -> str:
    return part.key.removesuffix(".parquet") + ".json"


def _written(facts: Sequence[Stored]) -> bytes:
    """The same facts give the same bytes."""
    pa, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    types: tuple[Any, ...] = (pa.int64(), pa.string(), pa.int64(), pa.string(), pa.binary())
    columns = zip(
        *((fact.number, fact.stream, fact.version, fact.name, bytes(fact.state)) for fact in facts), strict=True
    )
    table = pa.table(
        [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)],
        schema=pa.schema([pa.field(name, kind, nullable=False) for name, kind in zip(_COLUMNS, types, strict=True)]),
    )
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()
