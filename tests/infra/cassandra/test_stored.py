"""Rows read in bulk: lists longer than what the driver fetches at once come whole, each for whom it was asked."""

import pytest

from infra.cassandra.stored import Dated, Listed, rows_by_prefix
from infra.cassandra.tables import tables_of
from infra.cassandra.writing import Writer
from projections.likes import LIKES, LikeRow
from projections.stores import State
from tests.cluster import SERVERS, SHARDS, cluster, keyspace
from tests.streams.memory_log import START

pytestmark = pytest.mark.cluster


async def test_lists_come_whole_and_each_for_whom_it_was_asked(stack):
    addresses = stack.need(*SERVERS)
    async with keyspace(addresses) as space, cluster(addresses, space) as known:
        model = await known.models.create(LIKES, State.READY)
        tables, writer = tables_of(model, LikeRow, SHARDS), Writer(known.cassandra, START)
        rows = [LikeRow(f"photo{photo}", f"member{number:02}", START) for photo in range(20) for number in range(25)]
        for row in rows:
            writer.change(tables, (row.photo_id, row.member_id), Dated(row, 1))
        writer.flush()
        known.cassandra.session.default_fetch_size = 10
        wished = [Listed((f"photo{photo}",), limit) for photo in range(21) for limit in (None, 12)]
        found = rows_by_prefix(known.cassandra, tables, wished)
        of = {each: [row for row in rows if row.photo_id == each.prefix[0]] for each in wished}
        assert {each: [dated.row for dated in found[each]] for each in wished} == {
            each: of[each][: each.limit] for each in wished
        }
