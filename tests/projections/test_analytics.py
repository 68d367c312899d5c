"""What happened when: hours and days add up, and a member counts once for a day, wherever they acted."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import PhotoCommented, PhotoLiked, PhotoUploaded
from infra.sqlite.analytics import SqliteAnalytics
from projections.analytics import ACTIVITY, ANALYTICS, Measure, day_of, hour_of
from projections.stores import State
from tests.projections.feeding import feed_all, sqlite_models
from tests.projections.histories import World, steps
from tests.streams.memory_log import START, MemoryLog

MEASURES = {PhotoUploaded: Measure.UPLOADS, PhotoLiked: Measure.LIKES, PhotoCommented: Measure.COMMENTS}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(taken=steps, count=st.sampled_from([1, 4]))
async def test_hours_and_days_hold_what_was_done_in_them(taken, count):
    log = World(MemoryLog(count)).live(*taken).log
    facts = [fact for known in log.facts.values() for fact in known]
    async with sqlite_models() as models:
        for projection in (ANALYTICS, ACTIVITY):
            await feed_all(models, projection, log, size=lambda: 3, state=State.LIVE)
        analytics = SqliteAnalytics(models)
        expected = Counter(MEASURES[type(fact.event)] for fact in facts if type(fact.event) in MEASURES)
        for span in await analytics.tallies([hour_of(START), day_of(START)]):
            assert span.counts == {measure: expected[measure] for measure in Measure}
        (empty,) = await analytics.tallies(["1999-12-31"])
        assert set(empty.counts.values()) == {0}
        acting = {
            getattr(fact.event, "follower_id", None) or getattr(fact.event, "member_id", None) or fact.event.owner_id
            for fact in facts
            if type(fact.event) in ACTIVITY.handles
        }
        assert await analytics.active(day_of(START)) == len(acting)
