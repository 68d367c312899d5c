"""The contract of the event log: what the streams may rely on, whichever database records."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.events import ProfileChanged
from domain.recorded import Recorded, Unreadable, name_of
from domain.wire import ERASED, UnknownEvent
from infra.eventstore.store import LibraryEventStore
from tests.contracts.event_stores import CONTEXT, KINDS, Clock, Place, liked, place_for, profile, stream, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    chosen = place_for(request, tmp_path)
    yield chosen
    chosen.end()


@pytest.fixture
async def store(place: Place) -> AsyncIterator[LibraryEventStore]:
    opened = place.open(Clock())
    yield opened
    await opened.close()


async def fill(store: LibraryEventStore, count: int) -> tuple[Recorded, ...]:
    """In log 0, likes and changed profiles in turn."""
    events = (liked(str(n)) if n % 2 else profile("m1", str(n)) for n in range(count))
    return await store.append([write(stream(f"s{n}"), event) for n, event in enumerate(events)], CONTEXT)


async def test_an_empty_log_has_head_0_and_an_empty_page(store: LibraryEventStore) -> None:
    assert await store.head(0) == 0
    page = await store.read(0, 0, 10)
    assert (page.facts, page.last, page.more) == ((), 0, False)
    assert await store.read_stored(0, 0, 10) == ()


async def test_pages_follow_one_another_without_gap_or_overlap(store: LibraryEventStore) -> None:
    facts = await fill(store, 10)
    read: list[Recorded] = []
    after, more = 0, True
    while more:
        page = await store.read(0, after, 4)
        read += page.facts
        after, more = page.last, page.more
    assert tuple(read) == facts
    assert after == await store.head(0) == facts[-1].position.number


async def test_a_page_passes_over_what_was_left_out_by_name(store: LibraryEventStore) -> None:
    facts = await fill(store, 9)
    page = await store.read(0, 0, 8, frozenset({"photo.liked.v1"}))
    assert page.facts == facts[1:8:2]
    assert (page.last, page.more) == (facts[7].position.number, True)
    rest = await store.read(0, page.last, 8, frozenset({"photo.liked.v1"}))
    assert (rest.facts, rest.last, rest.more) == ((), facts[8].position.number, False)


async def test_without_personal_fields_nothing_is_decrypted(store: LibraryEventStore) -> None:
    await fill(store, 2)
    changed, like = (await store.read(0, 0, 10, personal=False)).facts
    assert isinstance(changed.event, ProfileChanged)
    assert (changed.event.member_id, changed.event.bio) == ("m1", ERASED)
    assert like.event == liked("1")


async def test_stored_forms_decode_to_the_same_facts(store: LibraryEventStore) -> None:
    facts = await fill(store, 6)
    stored = await store.read_stored(0, facts[0].position.number, 4)
    assert await store.decode(stored) == facts[1:5]
    assert [(each.name, each.stream, each.version) for each in stored[:2]] == [
        ("photo.liked.v1", "s1", 1),
        ("member.profile_changed.v1", "s2", 1),
    ]
    assert all(b"Byron" not in each.state for each in stored)


async def test_what_can_not_be_decoded_is_told_in_its_place(store: LibraryEventStore) -> None:
    facts = await fill(store, 6)
    stored = list(await store.read_stored(0, 0, 6))
    stored[1] = stored[1]._replace(name="photo.eaten.v1")
    stored[3] = stored[3]._replace(state=b'{"at":1767225600000000,"id":"x","fields":{}}')
    stored[4] = stored[4]._replace(state=b"\xff")
    found = await store.decode(stored)
    assert [fact.position for fact in found] == [fact.position for fact in facts]
    assert [found[at] for at in (0, 2, 5)] == [facts[at] for at in (0, 2, 5)]
    unknown, unfit, bytes_ = (found[at].event for at in (1, 3, 4))
    assert isinstance(unknown, Unreadable)
    assert isinstance(unknown.error, UnknownEvent)
    assert name_of(found[1]) == "photo.eaten.v1"
    assert (found[1].event_id, found[1].recorded_at) == (facts[1].event_id, facts[1].recorded_at)
    assert isinstance(unfit, Unreadable)
    assert "what its fields ask for" in str(unfit.error)
    assert found[3].recorded_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert isinstance(bytes_, Unreadable)


async def test_one_stream_is_read_by_name(store: LibraryEventStore) -> None:
    facts = await store.append([write(stream("a"), liked("1"), liked("2")), write(stream("b"))], CONTEXT)
    assert await store.stream(0, "a") == facts[:2]
    assert await store.stream(0, "nothing") == ()


async def test_who_waits_is_woken_by_the_next_commit(store: LibraryEventStore) -> None:
    waiting = asyncio.ensure_future(store.wait({0: 0}, timeout=60))
    other = asyncio.ensure_future(store.wait({0: 10_000}, timeout=60))
    await asyncio.wait([waiting], timeout=0)
    await fill(store, 1)
    assert await waiting
    assert not other.done()
    other.cancel()
    assert await store.wait({0: 0}, timeout=60)
    assert not await store.wait({0: await store.head(0)}, timeout=0)


async def test_eight_writers_and_a_reader_who_follows_misses_nothing(place: Place, store: LibraryEventStore) -> None:
    second = place.open(lambda: datetime.now(UTC))  # as another process would
    writers = [asyncio.ensure_future(append_in_turn((store, second)[n % 2], n, 60)) for n in range(8)]
    seen: list[Recorded] = []
    reached = dict.fromkeys(range(store.logs), 0)
    while True:
        ended = all(writer.done() for writer in writers)
        for log, after in reached.items():
            page = await store.read(log, after, 50)
            seen += page.facts
            reached[log] = page.last
        if ended and reached == {log: await store.head(log) for log in reached}:
            break
    await second.close()
    written = {fact.event_id for facts in await asyncio.gather(*writers) for fact in facts}
    assert len(written) == 8 * 60 * 2
    assert [fact.event_id for fact in seen if fact.event_id not in written] == []
    assert sorted(fact.event_id for fact in seen) == sorted(written)
    for log in reached:
        times = [fact.recorded_at for fact in seen if fact.position.log == log]
        assert times == sorted(set(times))


async def append_in_turn(store: LibraryEventStore, writer: int, count: int) -> list[Recorded]:
    facts: list[Recorded] = []
    for turn in range(count):
        home = stream(f"{writer}-{turn}", slot=writer)
        facts += await store.append([write(home, liked(), profile(f"m{writer}", str(turn)))], CONTEXT)
    return facts


async def test_a_killed_writer_leaves_every_acknowledged_event(place: Place) -> None:
    for attempt in range(3):
        acknowledged = await asyncio.to_thread(write_until_killed, place, f"round{attempt}", 200 + 150 * attempt)
        store = place.open(lambda: datetime.now(UTC))
        there = {
            f"{log} {fact.position.number} {fact.event_id}"
            for log in range(store.logs)
            for fact in (await store.read(log, 0, 1_000_000)).facts
        }
        assert len(acknowledged) >= 200
        assert acknowledged - there == set()
        streams = {fact.rsplit(" ", 1)[-1] for fact in there}
        assert len(streams) == len(there)
        await store.close()


def write_until_killed(place: Place, name: str, lines: int) -> set[str]:
    """What a writer said was acknowledged, up to the moment of its death."""
    command = [sys.executable, "-m", "tests.contracts.event_store_writer", name, *place.address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        acknowledged = [writer.stdout.readline() for _ in range(lines)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
    return {line.strip() for line in acknowledged if line.endswith("\n")}
