"""Faults on real servers, under a load of writes: what was acknowledged is there, and what is shown equals the log.

After each fault, all that was acknowledged has to be shown; at the end, every read model is compared with a fresh one.
"""

import time
from collections.abc import Iterator

import pytest

from domain.homes import slot_of_reactions
from projections.catalogue import BY_NAME
from tests.cluster_story import DEADLINE_S, LOGS, Story, until
from tests.servers import Servers

REDIS_TIMEOUT_S = 5.0

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def story(stack: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = Story(stack, tmp_path_factory.mktemp("faults") / "data")
    told.start()
    yield told
    told.end()


def test_workers_are_killed_in_mid_batch(story: Story) -> None:
    with story.load() as load:
        for _ in range(2):
            with story.halted("workers") as resume:
                load.more(40)
                story.begun_after(resume)
                story.kill("workers")
        load.more(20)


def test_the_relay_is_killed_between_send_and_checkpoint(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        with story.unable_to_keep() as waits:
            until(waits, "the relay has sent")
            load.more(20)
            story.kill("relay")


def test_the_api_is_killed(story: Story) -> None:
    with story.load() as load:
        for _ in range(2):
            load.more(30)
            story.kill("api")


def test_kafka_restarts_and_no_write_notices(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        with story.without("kafka"):
            load.more(60)
        load.more(20)
    assert (load.refused, load.unanswered) == (0, 0)


def test_cassandra_restarts_while_what_needs_no_read_is_accepted(story: Story) -> None:
    doomed = story.author.publish(seed=7)
    story.author.ready(doomed, DEADLINE_S)
    with story.load() as load:
        load.more(10)
        with story.without("cassandra"):
            removed = story.author.call("DELETE", f"/photos/{doomed}")
            assert (removed.status_code, removed.json()) == (202, {"effect": "pending"})
            load.more(10)
    until(lambda: story.author.call("GET", f"/photos/{doomed}").status_code == 404, "it is gone")


def test_without_opensearch_nothing_but_search_is_refused(story: Story) -> None:
    until(lambda: story.found("author") is True, "the author is found")
    with story.load() as load:
        load.more(10)
        with story.without("opensearch"):
            assert story.found("author") is None
            assert story.author.call("GET", "/search/photos?q=anything").status_code == 503
            assert story.counts_in_feed()
            load.more(40)
        until(lambda: story.found("author") is True, "the author is found again")
    assert (load.refused, load.unanswered) == (0, 0)


def test_a_database_of_logs_restarts_and_meanwhile_refusals_come_soon(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        with story.without("postgres-a"):
            load.refusals(12, deadline_s=45)
    assert load.unanswered == 0


def test_without_redis_feeds_come_without_counts_and_then_with_none_that_is_wrong(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        with story.without("redis"):
            assert story.counted() is None
            assert all(counts["stale"] and counts["likes"] is None for counts in story.counts_in_feed())
            load.more(20)
        until(lambda: story.exact() is not None, "the counts are told again")
    assert (load.refused, load.unanswered) == (0, 0)


def test_a_redis_that_hangs_holds_feeds_up_once(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        with story.hanging("redis"):
            until(lambda: story.counted() is None, "it is noticed")
            began = time.monotonic()
            for _ in range(20):
                assert all(counts["stale"] for counts in story.counts_in_feed())
            assert time.monotonic() - began < 20 * REDIS_TIMEOUT_S / 2
            load.more(20)
        until(lambda: story.exact() is not None, "the counts are told again")
    assert (load.refused, load.unanswered) == (0, 0)


def test_redis_restarts_with_old_data_and_its_counts_come_forward_again(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        old = story.copied("redis")
        load.more(40)
        story.put_back("redis", old)
        load.more(10)
        until(lambda: story.exact() is not None, "the counts are told again")
    assert story.rebuilt_differently([BY_NAME["counters"]]) == []


def test_redis_restarts_with_nothing_and_tells_no_wrong_count(story: Story) -> None:
    with story.load() as load:
        load.more(10)
        story.wipe_counts()
        load.more(10)
        until(lambda: story.exact() is not None, "the counts are told again")
    assert story.rebuilt_differently([BY_NAME["counters"]]) == []


def test_topics_are_truncated_before_anybody_read_them(story: Story) -> None:
    with story.load() as load:
        with story.halted("workers"):
            load.more(20)
            relayed = story.relayed()
            load.more(20)
            until(lambda: story.relayed() > relayed, "Kafka has what the workers have not")
            story.truncate()
        load.more(20)


def test_a_log_is_moved_and_moved_back(story: Story) -> None:
    log = slot_of_reactions(story.photos[0]) % LOGS
    home = story.placed(log)
    with story.load() as load:
        load.more(10)
        story.move(log, 1 - home)
        load.more(30)
        assert story.placed(log) == 1 - home
        story.move(log, home)
        load.more(30)
    assert (load.refused, load.unanswered) == (0, 0)


def test_every_read_model_equals_one_rebuilt_from_the_log(story: Story) -> None:
    with story.load() as load:
        load.more(20)
    assert story.rebuilt_differently() == []
