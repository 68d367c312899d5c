"""Dead letters: tried again in sequence, each in the step that deletes it, with the rows as if nothing had happened."""

import sqlite3
from contextlib import closing

import pytest

from domain.events import PhotoLiked, PhotoUnliked
from projections.likes import LIKES
from projections.stores import Letters, State
from streams.letters import retry, sequences
from streams.rebuild import catch_up
from streams.verifying import dump
from tests.projections.feeding import feed_all, sqlite_models
from tests.streams.memory_log import START, MemoryLog
from tests.streams.poison import BAD, CHOKING, WORSE


def pair(log, member, *events):
    for event in events:
        log.append(0, f"like-{member}", event(at=START, photo_id="photo", owner_id="o", member_id=member))


def history():
    log = MemoryLog(2)
    pair(log, "ada", PhotoLiked)
    pair(log, BAD, PhotoLiked, PhotoUnliked, PhotoLiked)
    pair(log, WORSE, PhotoLiked)
    pair(log, "bob", PhotoLiked)
    return log


async def parked(models, log):
    """A live build that choked, and everything that is parked in it."""
    model = await models.create(CHOKING, State.LIVE)
    await catch_up(model, CHOKING, log=log, models=models)
    return model, await sequences(models, model)


async def test_a_stream_is_parked_in_sequence_and_the_rest_flows(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        assert isinstance(models, Letters)
        assert {name: len(letters) for name, letters in streams.items()} == {f"like-{BAD}": 3, f"like-{WORSE}": 1}
        first, *behind = streams[f"like-{BAD}"]
        assert first.error.startswith("ZeroDivisionError: as planned")
        assert "ZeroDivisionError" in first.trace
        assert {(each.error, each.trace) for each in behind} == {("an earlier fact of its stream is parked", "")}
        assert [row.member_id for row in await dump(LIKES, model, models=models)] == ["ada", "bob"]


async def test_once_the_code_is_right_a_retry_gives_the_rows_of_a_rebuild(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        for letters in streams.values():
            assert await retry(letters, LIKES, log=log, models=models, desk=models) == len(letters)
        assert await sequences(models, model) == {}
        plain = await feed_all(models, LIKES, log)
        assert await dump(LIKES, model, models=models) == await dump(LIKES, plain, models=models)
        pair(log, BAD, PhotoUnliked)
        await catch_up(model, LIKES, log=log, models=models)
        assert [row.member_id for row in await dump(LIKES, model, models=models)] == ["ada", "bob", WORSE]


async def test_what_still_can_not_be_applied_stays_with_all_behind_it(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        before = await dump(LIKES, model, models=models)
        for letters in streams.values():
            assert await retry(letters, CHOKING, log=log, models=models, desk=models) == 0
        after = await sequences(models, model)
        assert {name: [each.number for each in letters] for name, letters in after.items()} == {
            name: [each.number for each in letters] for name, letters in streams.items()
        }
        assert after[f"like-{BAD}"][0].parked_at > streams[f"like-{BAD}"][0].parked_at
        assert await dump(LIKES, model, models=models) == before


async def test_nothing_overtakes_and_nothing_is_applied_twice(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        facts = await log.stream(0, f"like-{BAD}")
        assert await models.retry(model, LIKES, facts[1:]) == 0
        assert await models.retry(model, LIKES, facts[:1]) == 1
        assert await models.retry(model, LIKES, facts) == 2
        assert await models.retry(model, LIKES, facts) == 0
        assert f"like-{BAD}" not in await sequences(models, model)
        assert len(streams) == 2


async def test_what_was_parked_meanwhile_is_tried_too(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        pair(log, BAD, PhotoUnliked, PhotoLiked)
        await catch_up(model, LIKES, log=log, models=models)
        assert len((await sequences(models, model))[f"like-{BAD}"]) == 5
        assert await retry(streams[f"like-{BAD}"], LIKES, log=log, models=models, desk=models) == 5


async def test_a_letter_given_up_frees_what_waits_behind_it(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        first, second, third = streams[f"like-{BAD}"]
        await models.discard(model, first.log, first.number)
        with pytest.raises(LookupError):
            await models.discard(model, first.log, first.number)
        assert await retry([second, third], LIKES, log=log, models=models, desk=models) == 2


async def test_a_retry_that_is_interrupted_leaves_letter_and_rows_as_they_were(tmp_path):
    log = history()
    async with sqlite_models(tmp_path) as models:
        model, streams = await parked(models, log)
        before = await dump(LIKES, model, models=models)
        with closing(sqlite3.connect(tmp_path / f"{model}.db")) as connection, connection:
            connection.execute(
                "CREATE TRIGGER broken BEFORE DELETE ON _dead_letters WHEN OLD.number > 0"
                " BEGIN SELECT raise(ABORT, 'as planned'); END"
            )
        with pytest.raises(sqlite3.IntegrityError):
            await retry(streams[f"like-{BAD}"], LIKES, log=log, models=models, desk=models)
        assert await dump(LIKES, model, models=models) == before
        assert await sequences(models, model) == streams
