"""The event store and the event log over the library's recorders: grouped commits, grouped loads, pages."""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from itertools import chain
from typing import Final, ParamSpec, TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eventsourcing.persistence import PersistenceError

from commands.errors import Unavailable
from commands.ports import Context, Loaded, Now, Write
from domain.homes import Stream
from domain.recorded import Recorded, Unreadable
from domain.wire import chosen
from infra.eventstore import codec
from infra.eventstore.committing import Append, Committed, Part, commit
from infra.eventstore.grouping import Grouping
from infra.eventstore.heads import Heads
from infra.eventstore.keys import Keys
from infra.eventstore.lanes import Lanes
from infra.eventstore.records import Records
from streams.ports import Page, Stored

APPENDS: Final = 512
LOADS: Final = 256
READERS: Final = 2

_Place = tuple[int, str]
_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")


class LibraryEventStore:
    """`commands.ports.EventStore` and `streams.ports.EventLog`; coroutines of any loop may share it.

    Commits are made by a thread for each lane, loads by another, pages by a few more, so that no read waits for a commit.
    """

    def __init__(self, records: Records, *, logs: int, keys: Keys, now: Now) -> None:
        self.records = records
        self._logs = logs
        self._keys = keys
        self._now = now
        self._heads = Heads()
        self._draw = random.Random().getrandbits  # noqa: S311 - ids are no secrets, and asking the system costs a switch
        self._commits: Lanes[Append, Committed] = Lanes("commit", self._commit, limit=APPENDS)
        self._loads: Grouping[Sequence[_Place], list[tuple[Recorded, ...]]] = Grouping("load", self._load, limit=LOADS)
        self._readers = ThreadPoolExecutor(READERS, "read")

    @property
    def logs(self) -> int:
        """How many logs the installation has, for ever."""
        return self._logs

    async def load(self, *streams: Stream) -> tuple[Loaded, ...]:
        """Each stream as it stands, in the order asked."""
        found = await self._loads.ask([(stream.log(self._logs), stream.name) for stream in streams])
        for fact in chain.from_iterable(found):
            if isinstance(fact.event, Unreadable):
                raise fact.event.error  # nothing is decided on half a stream
        return tuple(map(Loaded, found))

    async def append(self, writes: Sequence[Write], context: Context) -> tuple[Recorded, ...]:
        """Write everything in one transaction, or nothing; see `commands.ports.EventStore`.

        Raises `infra.eventstore.keys.KeyDestroyed` for personal fields of an erased member.
        """
        logs = {write.stream.log(self._logs) for write in writes}
        if not logs:
            return ()
        if len(logs) > 1:
            raise ValueError(f"one transaction lies in one log, not in {sorted(logs)}")
        (log,) = logs
        subjects = [codec.subject(event) for write in writes for event in write.events]
        keys = await self._keys_for_writing({member for member in subjects if member})
        key_of = (keys[member] if member else None for member in subjects)
        parts = [self._part(write, context, key_of) for write in writes]
        committed = await self._commits.ask(self.records.lane(log), Append(log, parts))
        drafts = (draft for part in parts for draft in part.drafts)
        return tuple(
            codec.recorded(draft, log, number, at, context)
            for draft, number, at in zip(drafts, committed.numbers, committed.stamps, strict=True)
        )

    async def head(self, log: int) -> int:
        """The number of the log's last committed fact, 0 where there is none."""
        return await self._read(self.records.head, log)

    async def read(
        self, log: int, after: int, limit: int, names: frozenset[str] | None = None, *, personal: bool = True
    ) -> Page:
        """Up to `limit` facts after a number, decoded; see `streams.ports.EventLog`."""
        return await self._read(self._page, log, after, limit, names, personal)

    async def read_stored(self, log: int, after: int, limit: int) -> tuple[Stored, ...]:
        """Up to `limit` facts after a number, in their stored form."""
        return tuple(await self._read(self.records.page, log, after, limit))

    async def decode(self, stored: Iterable[Stored], *, personal: bool = True) -> tuple[Recorded, ...]:
        """The facts behind stored forms, in order."""
        return await self._read(self._decode, list(stored), personal)

    async def stream(self, log: int, name: str) -> tuple[Recorded, ...]:
        """All facts of one stream, in order; empty where there is none."""
        (found,) = await self._loads.ask([(log, name)])
        return found

    async def wait(self, after: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - the port's word
        """Wait until this process commits past one of the numbers; False when the time went by."""
        return await self._heads.wait(after, timeout)

    async def settle(self) -> None:
        """Wait until everything that was being committed, by any process, is committed or given up."""
        await self._read(self.records.settle)

    async def close(self) -> None:
        """Commit and answer what waits, then let go of the database; later calls raise `Unavailable`."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._commits.close()
        self._loads.close()
        self._readers.shutdown()
        self.records.close()

    async def _keys_for_writing(self, members: set[str]) -> Mapping[str, AESGCM]:
        """The members' keys, made where a member is new."""
        if not members:
            return {}
        at_hand = self._keys.at_hand(members)
        return at_hand if at_hand is not None else await self._read(self._make_keys, members)

    def _make_keys(self, members: set[str]) -> Mapping[str, AESGCM]:
        found = dict(self._keys.get(members))
        return found | {member: self._keys.create(member) for member in members - found.keys()}

    def _part(self, write: Write, context: Context, key_of: Iterator[AESGCM | None]) -> Part:
        """The write encoded, with the next keys."""
        name, at = write.stream.name, self._now()
        drafts = [
            codec.draft(
                event,
                name,
                version,
                event_id=codec.new_event_id(at, self._draw),
                context=context,
                key=next(key_of),
            )
            for version, event in enumerate(write.events, write.expected + 1)
        ]
        return Part(name, write.expected, drafts)

    def _commit(self, appends: Sequence[Append]) -> list[Committed | Exception]:
        outcomes = commit(self.records, self._now, appends)
        self._heads.reached(
            (append.log, outcome.numbers[-1])
            for append, outcome in zip(appends, outcomes, strict=True)
            if isinstance(outcome, Committed) and outcome.numbers
        )
        return outcomes

    def _load(self, asked: Sequence[Sequence[_Place]]) -> list[list[tuple[Recorded, ...]] | Exception]:
        names: dict[int, set[str]] = {}
        for places in asked:
            for log, name in places:
                names.setdefault(log, set()).add(name)
        with _told():
            stored = self.records.streams(names)
        found: dict[_Place, list[Recorded]] = {}
        for fact in self._decode(stored, personal=True):
            found.setdefault((fact.position.log, fact.stream), []).append(fact)
        return [[tuple(found.get(place, ())) for place in places] for places in asked]

    def _page(self, log: int, after: int, limit: int, names: frozenset[str] | None, personal: bool) -> Page:
        rows = self.records.page(log, after, limit)
        wanted = None if names is None else chosen(names)
        taken = rows if wanted is None else [row for row in rows if wanted[row.name]]
        last = rows[-1].number if rows else after
        return Page(self._decode(taken, personal), last, more=len(rows) == limit)

    def _decode(self, stored: Sequence[Stored], personal: bool) -> tuple[Recorded, ...]:
        """Facts, and in the place of those that can't be decoded what stands for them; halving finds these."""
        try:
            return self._decoded(stored, personal)
        except codec.UNREADABLE as error:
            if len(stored) == 1:
                return (codec.unreadable(stored[0], error),)
            middle = len(stored) // 2
            return self._decode(stored[:middle], personal) + self._decode(stored[middle:], personal)

    def _decoded(self, stored: Sequence[Stored], personal: bool) -> tuple[Recorded, ...]:
        documents = [codec.parse(each.state) for each in stored]
        members = codec.members_of(documents) if personal else ()
        keys = self._keys.get(members) if members else {}
        return tuple(codec.decoded(each, document, keys) for each, document in zip(stored, documents, strict=True))

    async def _read(self, call: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs) -> _Result:
        """Run a blocking call on a reading thread."""
        loop = asyncio.get_running_loop()
        try:
            running = loop.run_in_executor(self._readers, partial(copy_context().run, call, *args, **kwargs))
        except RuntimeError as error:
            raise Unavailable("the store is closed") from error
        with _told():
            return await running


@contextmanager
def _told() -> Iterator[None]:
    """The library's errors as the port's."""
    try:
        yield
    except PersistenceError as error:
        raise Unavailable(f"the event store can't be reached: {error}") from error
