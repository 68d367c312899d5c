"""Evidence: the events behind a row are those that made it, and no others."""

import random

from domain.events import event_type
from projections.comments import COMMENTS
from projections.counters import COUNTERS
from projections.likes import LIKES, LikeRow
from projections.rows import Count, Tally
from projections.timelines import TIMELINES, TimelineRow
from streams.evidence import KEPT, behind
from streams.verifying import dump
from tests.projections.feeding import feed_all, sqlite_models
from tests.projections.histories import REACTIONS, VERBS, World
from tests.streams.memory_log import MemoryLog
from tests.streams.test_following import like


def ids(fact, *names):
    return tuple(getattr(fact.event, name, None) for name in names)


def made(row, fact):
    """Whether a fact has part in a row, said once more and plainly."""
    match row:
        case TimelineRow(member_id=member, photo_id=photo, owner_id=owner):
            between = {frozenset(ids(fact, "follower_id", "followed_id"))}  # either way round: ids have no direction
            return ids(fact, "photo_id") == (photo,) or frozenset({member, owner}) in between
        case Tally(subject=subject, kind=kind):
            changes = COUNTERS.project(fact, None)
            return any(isinstance(c, Count) and (c.subject, c.kind) == (subject, kind) for c in changes)
    if hasattr(row, "comment_id"):
        return ids(fact, "comment_id") == (row.comment_id,)
    return ids(fact, "photo_id", "member_id") == (row.photo_id, row.member_id)


async def test_every_row_of_a_random_run_has_the_events_that_made_it(tmp_path):
    draw, log = random.Random(5), MemoryLog(4)
    world = World(log).live(("join", 0, 0, 0), ("join", 0, 0, 0))
    for _ in range(400):
        world.live((draw.choice((*VERBS, "follow", "follow", *REACTIONS)), *(draw.randrange(6) for _ in range(3))))
    async with sqlite_models(tmp_path) as models:
        for projection in (TIMELINES, LIKES, COMMENTS, COUNTERS):
            model = await feed_all(models, projection, log)
            rows = [row for row in await dump(projection, model, models=models) if type(row) is projection.rows[0]]
            assert rows
            handled = [f for number in log.facts for f in log.facts[number] if type(f.event) in projection.handles]
            for found in await behind(projection, rows, log=log):
                expected = [fact for fact in handled if made(found.row, fact)]
                assert (list(found.facts), found.count) == (expected[-KEPT:], len(expected)), found.row
                assert expected


async def test_only_what_came_after_a_position_is_asked_for():
    log = MemoryLog()
    like(log, "ada", "bob", "ada")
    row = LikeRow("photo", "ada", log.facts[0][0].recorded_at)
    first, _, last = log.facts[0]
    (found,) = await behind(LIKES, [row], log=log)
    assert list(found.facts) == [first, last]
    (found,) = await behind(LIKES, [row], log=log, after={0: first.position.number})
    assert list(found.facts) == [last]
    assert {event_type(fact.event).name for fact in found.facts} == {"photo.liked.v1"}
