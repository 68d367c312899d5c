"""Parcels, the relay and feeding without a broker: what is packed, repeated, lost or reordered comes out right."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.kafka.checkpoints import SqliteRelayCheckpoints
from infra.kafka.leadership import FileLeadership
from projections.catalogue import BY_NAME
from projections.stores import State
from streams.feeding import Feeder
from streams.packing import MOST_BYTES, MOST_FACTS, Parcel, opened, pack, unpack
from streams.ports import Stored
from streams.relay import Relay
from streams.topics import Name, partition_of, topics
from tests.contracts.event_stores import SqlitePlace
from tests.projections.feeding import sqlite_models
from tests.streams.streaming import LOGS, Streaming, until

facts = st.lists(
    st.builds(
        lambda gap, stream, version, name, state: (gap, stream, version, name, state),
        st.integers(1, 9),
        st.text(max_size=8),
        st.integers(1, 2**31),
        st.text(max_size=8),
        st.binary(max_size=40),
    ),
    max_size=250,
)


def stored(log: int, drawn: Sequence[tuple]) -> list[Stored]:
    number, made = 0, []
    for gap, stream, version, name, state in drawn:
        number += gap
        made.append(Stored(log, number, stream, version, name, state))
    return made


@settings(deadline=None, max_examples=50)
@given(drawn=facts, log=st.integers(0, 1023))
def test_parcels_hold_every_fact_once_in_order_and_say_what_comes_before(drawn, log):
    history = stored(log, drawn)
    parcels = list(pack(log, 0, history))
    assert [fact for parcel in parcels for fact in unpack(opened(parcel.body))] == history
    assert all(opened(parcel.body) == parcel and parcel.facts <= MOST_FACTS for parcel in parcels)
    assert [parcel.previous for parcel in parcels] == [0, *(parcel.last for parcel in parcels)][: len(parcels)]


def test_a_parcel_stays_small_but_a_huge_fact_travels_alone():
    sizes = [MOST_BYTES // 2, MOST_BYTES // 3, MOST_BYTES // 3, 2 * MOST_BYTES, 1]
    history = [Stored(0, number, "s", 1, "n", bytes(size)) for number, size in enumerate(sizes, 1)]
    assert [parcel.facts for parcel in pack(0, 0, history)] == [2, 1, 1, 1]


@pytest.mark.parametrize("body", [b"", b"\0" * 60, b"{}"])
def test_what_is_no_parcel_is_told_apart(body):
    with pytest.raises(ValueError):
        unpack(opened(body))


def test_a_parcel_that_was_cut_short_is_told_apart():
    (parcel,) = pack(0, 0, [Stored(0, 1, "s", 1, "n", b"state")])
    for end in range(len(parcel.body)):
        with pytest.raises(ValueError):
            unpack(opened(parcel.body[:end]))


def test_every_topic_is_declared_with_its_retention():
    made = {topic.name: topic for topic in topics(partitions=4, work_partitions=8, replication=3, prefix="x.")}
    assert made.keys() == {f"x.{name}" for name in Name}
    assert made["x.events"].partitions == 4
    assert made["x.photo-processing"].configs["retention.ms"] == str(7 * 24 * 3_600_000)
    assert made["x.notifications"].configs["min.insync.replicas"] == "2"
    assert {partition_of(log, 4) for log in range(64)} == {0, 1, 2, 3}


class Broken(Exception):
    pass


class Wire:
    """A publisher that keeps what is sent, and breaks when told to, before or after keeping it."""

    def __init__(self) -> None:
        self.sent: list[Parcel] = []
        self.breaks: list[str] = []
        self.senders = 0

    @asynccontextmanager
    async def sender(self):
        self.senders += 1
        yield self

    async def send(self, parcels):
        how = self.breaks.pop(0) if self.breaks else ""
        if how == "half":
            self.sent += parcels[: len(parcels) // 2]
        elif how != "before":
            self.sent += parcels
        if how:
            raise Broken


@pytest.fixture
async def rig(tmp_path):
    made = Streaming(tmp_path, "")
    made.store = SqlitePlace(tmp_path, LOGS).open(lambda: datetime.now(UTC))
    yield made
    await made.store.close()


def relay(rig, wire, leadership=None) -> Relay:
    checkpoints = SqliteRelayCheckpoints(rig.directory / "events.db")
    leadership = leadership or FileLeadership(rig.directory / "locks", ask_s=0.01)
    parts = {"log": rig.store, "publisher": wire, "checkpoints": checkpoints, "leadership": leadership}
    return Relay("all", range(LOGS), **parts, poll_s=0.01)


async def published(rig) -> bool:
    return await rig.relayed() == await rig.heads()


@asynccontextmanager
async def going(relay):
    task = asyncio.create_task(relay.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def whole(rig) -> dict[int, list[Stored]]:
    return {log: list(await rig.store.read_stored(log, 0, 10_000)) for log in range(LOGS)}


async def test_whatever_breaks_nothing_is_skipped_and_a_repetition_says_so(rig):
    wire = Wire()
    wire.breaks = ["before", "half", "after", "half"]
    await rig.append(900, group=30)
    async with going(relay(rig, wire)):
        await rig.append(300, group=30)
        await until(lambda: published(rig))
    assert wire.senders == 5
    for log, history in (await whole(rig)).items():
        own = [parcel for parcel in wire.sent if parcel.log == log]
        reached, seen = 0, []
        for parcel in own:
            assert parcel.previous <= reached, "a hole that no repetition closes"
            seen += [fact for fact in unpack(parcel) if fact.number > reached]
            reached = max(reached, parcel.last)
        assert seen == history


async def test_of_two_relays_one_publishes_until_its_lease_is_lost(rig):
    class Fickle:
        def __init__(self):
            self.names: list[str] = []

        @asynccontextmanager
        async def lead(self, name):
            self.names.append(name)
            yield self

        async def held(self):
            return len(self.names) > 1

    wire, fickle = Wire(), Fickle()
    await rig.append(8)
    async with going(relay(rig, wire, fickle)):
        await until(lambda: published(rig))
    assert fickle.names == ["relay all"] * 2
    assert wire.senders == 1


@settings(deadline=None, max_examples=8)
@given(data=st.data(), size=st.integers(1, 40))
async def test_parcels_lost_repeated_and_reordered_give_the_rows_of_a_rebuild(data, size):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as directory:
        rig = Streaming(Path(directory), "")
        rig.names = ("counters", "likes")
        rig.store = SqlitePlace(rig.directory, LOGS).open(lambda: datetime.now(UTC))
        await rig.append(60, group=5)
        parcels = []
        for log, history in (await whole(rig)).items():
            reached = 0
            for first in range(0, len(history), size):
                parcels += pack(log, reached, history[first : first + size])
                reached = history[min(first + size, len(history)) - 1].number
        arriving = data.draw(st.lists(st.sampled_from(parcels), min_size=1, max_size=3 * len(parcels)))
        async with sqlite_models(rig.directory / "models", [BY_NAME[name] for name in rig.names]) as rig.models:
            feeders = [
                Feeder(rig.store, rig.models, BY_NAME[name], await rig.models.create(BY_NAME[name], State.LIVE))
                for name in rig.names
            ]
            rivals = [Feeder(rig.store, rig.models, BY_NAME[each.model.projection], each.model) for each in feeders]
            for feeder, rival in zip(feeders, rivals, strict=True):
                half = len(arriving) // 2
                await feeder.take(arriving[:half])
                await asyncio.gather(feeder.take(arriving[half:]), rival.take(arriving[::-1]))
                for log, head in (await rig.heads()).items():
                    await feeder.catch_up(log, head)
            assert await rig.same_as_rebuilt()
        await rig.store.close()


async def test_a_parcel_of_rubbish_is_read_from_the_event_store_instead(rig):
    await rig.append(8)
    (parcel,) = pack(0, 0, await rig.store.read_stored(0, 0, 100))
    async with sqlite_models(rig.directory / "models", [BY_NAME["likes"]]) as models:
        model = await models.create(BY_NAME["likes"], State.LIVE)
        await Feeder(rig.store, models, BY_NAME["likes"], model).take([parcel._replace(body=parcel.body[:-3])])
        (status,) = await models.status()
        assert status.checkpoints == {0: parcel.last}


async def test_a_build_that_is_gone_is_told(rig):
    await rig.append(8)
    parcels = list(pack(0, 0, await rig.store.read_stored(0, 0, 100)))
    async with sqlite_models(rig.directory / "models", [BY_NAME["likes"]]) as models:
        model = await models.create(BY_NAME["likes"], State.READY)
        await models.drop(model)
        with pytest.raises(LookupError):
            await Feeder(rig.store, models, BY_NAME["likes"], model).take(parcels)
