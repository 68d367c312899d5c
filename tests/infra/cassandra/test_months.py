"""Rows that end by themselves: parted by months, read for as long as they are kept, and gone from the servers then."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import new_id
from infra.cassandra.layouts import shard_of
from infra.cassandra.months import SLACK, end_of, life, living, month_of, month_of_id
from infra.cassandra.tables import tables_of
from infra.cassandra.timelines import CassandraTimelines
from projections.timelines import STORED, TimelineRow, build_timelines
from streams.verifying import dump
from tests.cluster import SERVERS, SHARDS, cluster, keyspace
from tests.projections.desks import LONG_AGO, Author, live, member, on_cassandra

TIMELINES = build_timelines()
moments = st.datetimes(datetime(2024, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 strategy's bounds


@given(moments)
def test_an_id_lies_in_the_month_in_which_it_was_made(at):
    month = month_of_id(new_id(0, at))
    assert month == month_of(at)
    assert end_of(month - 1) <= at < end_of(month)


@given(moments, moments)
def test_what_is_written_is_read_and_what_is_past_is_neither(at, now):
    month = month_of(at)
    seconds = life(month, STORED, now)
    if month <= month_of(now):
        assert (month in living(STORED, now)) is (seconds is not None)
    if now - at < STORED:
        assert seconds is not None, "what may be shown lives"
    if seconds is not None:
        assert now + timedelta(seconds=seconds + 1) > end_of(month) + STORED + SLACK


@pytest.mark.cluster
async def test_pages_go_through_months_and_leave_out_those_that_are_past(stack):
    now = LONG_AGO + timedelta(days=150)
    async with on_cassandra(stack.need(*SERVERS), now=lambda: now) as desk:
        author = Author(desk, TIMELINES, await live(desk, TIMELINES))
        ada, bob = member(1), member(2)
        await author.followed(ada, [bob])
        photos: list[str] = []
        for days in range(0, 150, 10):
            photos = await author.publish(ada, 2, LONG_AGO + timedelta(days=days)) + photos
        kept = [photo for photo in photos if end_of(month_of_id(photo)) + STORED > now]
        assert 2 < len({month_of_id(photo) for photo in kept}) < len({month_of_id(photo) for photo in photos})
        for size in (1, 7, 100):
            walked: list[str] = []
            while page := await desk.timelines.page(bob, before=walked[-1] if walked else None, limit=size):
                walked += [row.photo_id for row in page]
            assert walked == kept
        oldest = kept[5]
        assert [row.photo_id for row in await desk.timelines.page(bob, before=kept[1], limit=9, oldest=oldest)] == (
            kept[2:6]
        )
        rows = [row for row in await dump(TIMELINES, author.model, models=desk.models) if isinstance(row, TimelineRow)]
        assert {(row.member_id, row.photo_id) for row in rows} == {(who, each) for who in (ada, bob) for each in kept}


@pytest.mark.cluster
async def test_rows_live_until_their_month_is_past_and_are_not_read_after(stack):
    addresses = stack.need(*SERVERS)
    at = datetime.now(UTC)
    async with keyspace(addresses) as space, cluster(addresses, space, now=lambda: at) as known:
        desk_model = await live(known, TIMELINES)
        author = Author(known, TIMELINES, desk_model)
        ada, bob = member(1), member(2)
        await author.followed(ada, [bob])
        (photo,) = await author.publish(ada, since=at - timedelta(seconds=5))
        ends = end_of(month_of_id(photo)) + STORED
        table = tables_of(author.model, TimelineRow, SHARDS).main
        ((seconds,),) = known.cassandra.ask(
            f'SELECT TTL(owner_id) FROM {table.name} WHERE "_shard" = ? AND "_month" = ? AND member_id = ?',
            shard_of(bob, SHARDS),
            month_of_id(photo),
            bob,
        )
        assert abs((at + timedelta(seconds=seconds) - ends - SLACK).total_seconds()) < 300
        page = await CassandraTimelines(known.rows).page(bob, before=None, limit=9)
        assert [row.photo_id for row in page] == [photo]
        async with cluster(addresses, space, now=lambda: ends) as later:
            assert await CassandraTimelines(later.rows).page(bob, before=None, limit=9) == []
            assert TimelineRow not in map(type, await dump(TIMELINES, author.model, models=later.models))
