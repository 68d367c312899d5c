"""The archive over each event store: copied, proved, let go, read through, and brought back."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from commands.errors import Unavailable
from commands.ports import Write
from domain.recorded import Recorded
from infra.eventstore import archiving
from infra.eventstore.archive import DamagedError, Part, is_away
from infra.eventstore.archived import ArchivedRecords
from infra.eventstore.opening import with_archive
from infra.eventstore.store import LibraryEventStore
from infra.files.disk import Disk
from infra.minio.bucket import Bucket
from infra.minio.bucket import Place as MinioPlace
from tests.contracts.event_stores import CONTEXT, KINDS, START, Clock, Place, liked, place_for, profile, stream, write

SIZE = 4
LATER = START + timedelta(days=40)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    chosen = place_for(request, tmp_path)
    yield chosen
    chosen.end()


@pytest.fixture
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk | Bucket]:
    if "sqlite" in request.node.callspec.id:
        yield Disk(tmp_path / "archive", ("events",))
        return
    at = request.getfixturevalue("stack").need("minio")
    bucket = Bucket(MinioPlace(at.minio, at.minio_access_key, at.minio_secret_key, f"archive-{secrets.token_hex(6)}"))
    bucket.found()
    yield bucket
    bucket.remove(bucket.list("archive/"))
    bucket.close()


@asynccontextmanager
async def opened(place: Place, shelf: Disk | Bucket, clock: Clock) -> AsyncIterator[LibraryEventStore]:
    store = place.open(clock)
    store.records = with_archive(store.records, shelf)
    try:
        yield store
    finally:
        await store.close()


def archived(store: LibraryEventStore) -> ArchivedRecords:
    assert isinstance(store.records, ArchivedRecords)
    return store.records


async def history(store: LibraryEventStore, clock: Clock) -> tuple[Recorded, ...]:
    """Ten events of one month and three of a later one, likes and profiles in turn, in one log."""
    facts: list[Recorded] = []
    for number in range(13):
        if number == 10:
            clock.at = LATER
        event = liked(str(number)) if number % 2 else profile("m1", str(number))
        facts += await store.append([write(stream(f"s{number % 5}"), event, expected=number // 5)], CONTEXT)
    return tuple(facts)


def copy(store: LibraryEventStore) -> list[Part]:
    records = archived(store)
    archiving.copy(records.inner, records.archive, 0, LATER, size=SIZE)
    return list(records.archive.parts(0))


async def everything(store: LibraryEventStore) -> tuple[Recorded, ...]:
    return (await store.read(0, 0, 100)).facts


def away(store: LibraryEventStore) -> list[bool]:
    return [is_away(row.state) for row in archived(store).inner.page(0, 0, 100)]


async def test_closed_ranges_are_copied_once_and_only_they(place, shelf) -> None:
    clock = Clock()
    async with opened(place, shelf, clock) as store:
        facts = await history(store, clock)
        parts = copy(store)
        numbers = [fact.position.number for fact in facts]
        assert [(part.after, part.through, part.events) for part in parts] == [
            (0, numbers[3], 4),
            (numbers[3], numbers[7], 4),
            (numbers[7], numbers[9], 2),
        ]
        assert copy(store) == parts
        assert away(store) == [False] * 13
        records = archived(store)
        for part in parts:
            assert archiving.prove(records.inner, records.archive, part) == archiving.Proof(part, 0, None)


async def test_what_is_let_go_is_read_through_by_everybody(place, shelf) -> None:
    clock = Clock()
    async with opened(place, shelf, clock) as store:
        facts = await history(store, clock)
        records = archived(store)
        assert [archiving.release(records.inner, records.archive, part) for part in copy(store)] == [4, 4, 2]
        assert away(store) == [True] * 10 + [False] * 3
        assert await everything(store) == facts
        assert await store.stream(0, "s1") == tuple(fact for fact in facts if fact.stream == "s1")
        (loaded,) = await store.load(stream("s1"))
        assert loaded.version == 3
        last = facts[-1]
        assert last.position.number == await store.head(0)
        more = await store.append([Write(stream("s3"), 2, (liked("more"),))], CONTEXT)
        assert more[0].recorded_at > last.recorded_at
    assert place.at_rest().count(b'"archived":true}') >= 10
    async with opened(place, shelf, clock) as store:  # another process, which has never seen the archive
        assert (await everything(store))[:-1] == facts
        records = archived(store)
        parts = records.archive.parts(0)
        assert {archiving.prove(records.inner, records.archive, part).away for part in parts} == {4, 2}
        assert [archiving.restore(records.inner, records.archive, part) for part in parts] == [4, 4, 2]
        assert not any(away(store))
        assert (await everything(store))[:-1] == facts


async def test_a_later_month_goes_on_behind_the_last_part(place, shelf) -> None:
    clock = Clock()
    async with opened(place, shelf, clock) as store:
        await history(store, clock)
        records = archived(store)
        first = copy(store)
        archiving.release(records.inner, records.archive, first[0])
        copied = archiving.copy(records.inner, records.archive, 0, LATER + timedelta(days=1), size=SIZE)
        parts = list(records.archive.parts(0))
        assert copied == 3
        assert parts[:3] == first
        assert parts[3].after == first[-1].through


async def test_an_erased_member_stays_erased_in_the_archive(place, shelf) -> None:
    clock = Clock()
    async with opened(place, shelf, clock) as store:
        await history(store, clock)
        records = archived(store)
        for part in copy(store):
            archiving.release(records.inner, records.archive, part)
        place.keys().destroy("m1")
    async with opened(place, shelf, clock) as store:
        profiles = [
            fact.event for fact in await everything(store) if fact.position.number and hasattr(fact.event, "bio")
        ]
        assert {event.bio for event in profiles} == {""}


async def test_nothing_leaves_without_a_copy_that_is_the_same(place, shelf) -> None:
    clock = Clock()
    async with opened(place, shelf, clock) as store:
        facts = await history(store, clock)
        records = archived(store)
        first, second, third = copy(store)
        shelf.write(second.key, shelf.read(second.key)[:-1] + b"x", "application/octet-stream")
        row = records.inner.page(0, facts[8].position.number - 1, 1)[0]
        records.inner.exchange(0, [(row.number, bytes(row.state)[:-1] + b" }")])
        for part, said in ((second, "not what was written"), (third, "another payload")):
            with pytest.raises(DamagedError, match=said):
                archiving.release(records.inner, records.archive, part)
            assert said in str(archiving.prove(records.inner, records.archive, part).wrong)
        assert archiving.release(records.inner, records.archive, first) == 4
        assert away(store) == [True] * 4 + [False] * 9


async def test_a_part_that_is_lost_is_said_to_be_and_never_taken_for_nothing(place, shelf) -> None:
    clock = Clock()
    async with opened(place, shelf, clock) as store:
        await history(store, clock)
        records = archived(store)
        for part in copy(store):
            archiving.release(records.inner, records.archive, part)
        first, *_ = records.archive.parts(0)
        shelf.remove([first.key])
    async with opened(place, shelf, clock) as store:
        with pytest.raises(Unavailable, match="archive"):
            await everything(store)
        assert (await store.read(0, first.through, 100)).facts
        records = archived(store)
        assert archiving.prove(records.inner, records.archive, replace(first)).wrong
