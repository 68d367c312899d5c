"""The contract of the event store: what commands may rely on, whichever database records."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.errors import Conflict, Unavailable
from commands.ports import Write
from domain.events import ProfileChanged
from domain.recorded import Recorded
from domain.wire import ERASED
from infra.eventstore.keys import KeyDestroyed
from infra.eventstore.store import LibraryEventStore
from tests.contracts.event_stores import CONTEXT, KINDS, START, Clock, Place, liked, place_for, profile, stream, write


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    chosen = place_for(request, tmp_path)
    yield chosen
    chosen.end()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(place: Place, clock: Clock) -> AsyncIterator[LibraryEventStore]:
    opened = place.open(clock)
    yield opened
    await opened.close()


async def everything(store: LibraryEventStore) -> list[Recorded]:
    return [fact for log in range(store.logs) for fact in (await store.read(log, 0, 100_000)).facts]


async def test_what_is_appended_can_be_loaded_as_it_was_answered(store: LibraryEventStore) -> None:
    answered = await store.append([write(stream("a"), liked("1"), liked("2"))], CONTEXT)
    (loaded,) = await store.load(stream("a"))
    assert loaded.events == answered
    assert [fact.version for fact in answered] == [1, 2]
    assert loaded.version == 2
    assert {(fact.trace_id, fact.causation_id, fact.correlation_id) for fact in answered} == {
        ("trace", "cause", "correlation")
    }


async def test_a_stream_without_events_is_empty_at_version_0(store: LibraryEventStore) -> None:
    (loaded,) = await store.load(stream("nothing"))
    assert (loaded.events, loaded.version) == ((), 0)


async def test_streams_of_any_logs_are_loaded_in_the_order_asked(store: LibraryEventStore) -> None:
    for number in range(6):
        await store.append([write(stream(f"s{number}", slot=number), liked(str(number)))], CONTEXT)
    asked = [stream(f"s{number}", slot=number) for number in (4, 0, 9, 5, 0)]
    found = [[fact.event.photo_id for fact in loaded.events] for loaded in await store.load(*asked)]
    assert found == [["4"], ["0"], [], ["5"], ["0"]]


async def test_nothing_to_append_appends_nothing(store: LibraryEventStore) -> None:
    assert await store.append([], CONTEXT) == ()


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_stream_has_to_stand_where_it_is_expected(store: LibraryEventStore, expected: int) -> None:
    await store.append([write(stream("a"), liked(), liked())], CONTEXT)
    with pytest.raises(Conflict):
        await store.append([write(stream("a"), expected=expected)], CONTEXT)
    assert (await store.load(stream("a")))[0].version == 2


async def test_several_streams_are_written_together_or_not_at_all(store: LibraryEventStore) -> None:
    await store.append([write(stream("a"))], CONTEXT)
    with pytest.raises(Conflict):
        await store.append([write(stream("b")), write(stream("a"), expected=0), write(stream("c"))], CONTEXT)
    assert [loaded.version for loaded in await store.load(stream("a"), stream("b"), stream("c"))] == [1, 0, 0]
    await store.append([write(stream("b")), write(stream("a"), expected=1), write(stream("c"))], CONTEXT)
    assert [loaded.version for loaded in await store.load(stream("a"), stream("b"), stream("c"))] == [2, 1, 1]


async def test_a_write_without_events_only_asks_where_the_stream_stands(store: LibraryEventStore) -> None:
    await store.append([write(stream("a"))], CONTEXT)
    with pytest.raises(Conflict):
        await store.append([Write(stream("a"), 0, ()), write(stream("b"))], CONTEXT)
    (fact,) = await store.append([Write(stream("a"), 1, ()), write(stream("b"))], CONTEXT)
    assert fact.stream == "b"


async def test_streams_of_different_logs_share_no_transaction(place: Place, store: LibraryEventStore) -> None:
    if place.logs == 1:
        assert len(await store.append([write(stream("a", 0)), write(stream("b", 1))], CONTEXT)) == 2
    else:
        with pytest.raises(ValueError, match="one log"):
            await store.append([write(stream("a", 0)), write(stream("b", 1))], CONTEXT)
        assert await everything(store) == []


async def test_one_of_many_who_expect_the_same_wins(store: LibraryEventStore) -> None:
    tries = [store.append([write(stream("a")), write(stream(f"own {n}"))], CONTEXT) for n in range(20)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    won = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(won) == 1
    assert [type(answer) for answer in answers if isinstance(answer, BaseException)] == [Conflict] * 19
    assert sorted(await everything(store), key=lambda fact: fact.position) == list(won[0])


async def test_a_conflict_among_others_costs_the_others_nothing(store: LibraryEventStore) -> None:
    await store.append([write(stream("taken"))], CONTEXT)
    with store.records.writing([0]):  # so that all of them wait together
        tries = [asyncio.ensure_future(store.append([write(stream(f"s{n}"))], CONTEXT)) for n in range(5)]
        tries += [asyncio.ensure_future(store.append([write(stream("taken"))], CONTEXT))]
        tries += [asyncio.ensure_future(store.append([write(stream(f"t{n}"))], CONTEXT)) for n in range(5)]
        await asyncio.wait(tries, timeout=0)
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(answer) for answer in answers] == [tuple] * 5 + [Conflict] + [tuple] * 5


async def test_order_of_commit_order_of_numbers_and_order_of_times_are_one(store: LibraryEventStore) -> None:
    await asyncio.gather(*(store.append([write(stream(f"s{n}", n), liked(), liked())], CONTEXT) for n in range(40)))
    for log in range(store.logs):
        facts = (await store.read(log, 0, 1000)).facts
        assert all(one.position.number < next_.position.number for one, next_ in pairwise(facts))
        assert all(one.recorded_at < next_.recorded_at for one, next_ in pairwise(facts))


async def test_recorded_at_rises_though_the_clock_goes_back(
    place: Place, store: LibraryEventStore, clock: Clock
) -> None:
    (first,) = await store.append([write(stream("a"))], CONTEXT)
    clock.turn(hours=-1)
    (second,) = await store.append([write(stream("b"))], CONTEXT)
    await store.close()
    reopened = place.open(clock)
    (third,) = await reopened.append([write(stream("c"))], CONTEXT)
    clock.turn(hours=2)
    (fourth,) = await reopened.append([write(stream("d"))], CONTEXT)
    await reopened.close()
    assert first.recorded_at == START
    assert second.recorded_at - first.recorded_at == timedelta(microseconds=1)
    assert third.recorded_at - second.recorded_at == timedelta(microseconds=1)
    assert fourth.recorded_at == clock.at


async def test_every_event_has_an_id_of_its_own(store: LibraryEventStore) -> None:
    await asyncio.gather(*(store.append([write(stream(f"s{n}", n), liked(), liked())], CONTEXT) for n in range(100)))
    assert len({fact.event_id for fact in await everything(store)}) == 200


async def test_personal_fields_are_not_readable_at_rest(place: Place, store: LibraryEventStore) -> None:
    written = await store.append([write(stream("m"), profile("m1", "a bio nobody else may read"))], CONTEXT)
    await store.append([write(stream("plain"), liked("visible-photo-id"))], CONTEXT)
    at_rest = place.at_rest()
    assert b"visible-photo-id" in at_rest
    assert b"nobody else" not in at_rest
    assert b"Byron" not in at_rest
    assert (await store.load(stream("m")))[0].events == written


async def test_a_destroyed_key_leaves_erased_marks_and_takes_no_new_events(
    place: Place, store: LibraryEventStore
) -> None:
    await store.append([write(stream("m"), profile("m1", "about me"), liked())], CONTEXT)
    await store.append([write(stream("n"), profile("m2", "about you"))], CONTEXT)
    store._keys.destroy("m1")
    (erased, untouched), (other,) = [loaded.events for loaded in await store.load(stream("m"), stream("n"))]
    assert isinstance(erased.event, ProfileChanged)
    assert erased.event.member_id == "m1"
    assert erased.event.bio is ERASED
    assert untouched.event == liked()
    assert other.event == profile("m2", "about you")
    with pytest.raises(KeyDestroyed):
        await store.append([write(stream("m"), profile("m1", "again"), expected=2)], CONTEXT)
    assert len(await store.append([write(stream("m"), liked(), expected=2)], CONTEXT)) == 1


async def test_a_caller_who_goes_away_takes_nobody_along(store: LibraryEventStore) -> None:
    with store.records.writing([0]):
        tries = [asyncio.ensure_future(store.append([write(stream(f"s{n}"))], CONTEXT)) for n in range(9)]
        await asyncio.wait(tries, timeout=0)
        tries[0].cancel()
        tries[4].cancel()
        await asyncio.wait(tries, timeout=0)
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(answer) for n, answer in enumerate(answers) if n not in {0, 4}] == [tuple] * 7
    assert (await store.load(stream("s8")))[0].version == 1


async def test_closing_writes_what_waits_and_takes_no_more(place: Place, clock: Clock) -> None:
    store = place.open(clock)
    with store.records.writing([0]):
        tries = [asyncio.ensure_future(store.append([write(stream(f"s{n}"))], CONTEXT)) for n in range(9)]
        await asyncio.wait(tries, timeout=0)
        closing = asyncio.ensure_future(store.close())
        await asyncio.wait([closing], timeout=0)
    await closing
    facts = [fact for answer in await asyncio.gather(*tries) for fact in answer]
    for call in (store.append([write(stream("late"))], CONTEXT), store.load(stream("late")), store.head(0)):
        with pytest.raises(Unavailable):
            await call
    reopened = place.open(clock)
    assert await everything(reopened) == facts
    await reopened.close()


steps = st.lists(  # each is one append: of its writes, (stream, how far off the version is, number of events)
    st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 1), st.integers(1, 3)), min_size=1, max_size=3), max_size=12
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_sequence_of_appends_leaves_what_a_dictionary_of_lists_would_hold(
    steps: list[list[tuple[int, int, int]]], place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fresh = place.fresh(tmp_path_factory.mktemp("place"))

    async def story() -> None:
        store = fresh.open(Clock())
        model: dict[str, int] = {}
        for step in steps:
            after, fits, writes = dict(model), True, []
            for name, off, events in step:
                stands = after.get(str(name), 0)
                expected = max(stands + off, 0)
                fits = fits and expected == stands
                after[str(name)] = expected + events
                writes.append(write(stream(str(name)), *[liked()] * events, expected=expected))
            try:
                await store.append(writes, CONTEXT)
            except Conflict:
                assert not fits
            else:
                assert fits
                model = after
        found = await store.load(*map(stream, "0123"))
        assert [loaded.version for loaded in found] == [model.get(name, 0) for name in "0123"]
        await store.close()

    asyncio.run(story())
