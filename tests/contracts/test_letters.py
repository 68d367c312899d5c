"""The port `Letters`, held against each adapter: rows and counts alike."""

from dataclasses import replace

import pytest

from domain.events import PhotoLiked, PhotoUnliked
from domain.likes import stream
from domain.recorded import Unreadable
from projections.counters import COUNTERS
from projections.likes import LIKES
from projections.stores import Letters, PoisonedError, State
from streams.letters import retry, sequences
from streams.rebuild import catch_up, rebuild
from streams.verifying import dump
from tests.contracts.read_models import every_adapter
from tests.streams.memory_log import START, MemoryLog, again
from tests.streams.poison import BAD

pytestmark = [every_adapter, pytest.mark.parametrize("projection", [LIKES, COUNTERS], ids=lambda each: each.name)]


@pytest.fixture
async def shown(adapter, request):
    async with adapter(request) as made:
        await made.level()
        await made.follower.stop()
        yield made


def choking(projection):
    """The same projection, whose code is wrong for one member's likes."""

    def project(fact, look):
        if isinstance(fact.event, PhotoLiked) and fact.event.member_id == BAD:
            raise ZeroDivisionError("as planned \udcff")
        yield from projection.project(fact, look)

    return replace(projection, project=project)


def liked(log, photo, member, *events):
    at = stream(photo, member)
    of = {"at": START, "photo_id": photo, "owner_id": "owner", "member_id": member}
    return log.append(at.slot, at.name, *(event(**of) for event in events))


def history():
    log = MemoryLog(2)
    liked(log, "photo", "ada", PhotoLiked)
    liked(log, "photo", BAD, PhotoLiked, PhotoUnliked, PhotoLiked)
    liked(log, "other", BAD, PhotoLiked)
    liked(log, "photo", "bob", PhotoLiked)
    return log


async def parked(shown, projection, log):
    model = await shown.models.create(projection, State.READY)
    await catch_up(model, choking(projection), log=log, models=shown.models)
    return model, await sequences(shown.models, model)


async def test_a_retry_gives_the_rows_of_a_rebuild_once(shown, projection):
    log, models = history(), shown.models
    model, streams = await parked(shown, projection, log)
    assert isinstance(models, Letters)
    assert {name: len(each) for name, each in streams.items()} == {
        stream("photo", BAD).name: 3,
        stream("other", BAD).name: 1,
    }
    for letters in streams.values():
        assert await retry(letters, projection, log=log, models=models, desk=models) == len(letters)
        facts = await log.stream(letters[0].log, letters[0].stream)
        assert await models.retry(model, projection, facts) == 0
    assert await sequences(models, model) == {}
    plain = await rebuild(projection, log=log, models=models)
    assert await dump(projection, model, models=models) == await dump(projection, plain, models=models)
    liked(log, "photo", BAD, PhotoUnliked)
    for each in (model, plain):
        await catch_up(each, projection, log=log, models=models)
    assert await dump(projection, model, models=models) == await dump(projection, plain, models=models)


async def test_what_still_can_not_be_applied_stays_and_says_why(shown, projection):
    log, models = history(), shown.models
    model, streams = await parked(shown, projection, log)
    before = await dump(projection, model, models=models)
    for letters in streams.values():
        assert await retry(letters, choking(projection), log=log, models=models, desk=models) == 0
    after = await sequences(models, model)
    assert {name: [each.number for each in letters] for name, letters in after.items()} == {
        name: [each.number for each in letters] for name, letters in streams.items()
    }
    first = after[stream("photo", BAD).name][0]
    assert first.error.startswith("ZeroDivisionError: as planned")
    assert first.parked_at > streams[stream("photo", BAD).name][0].parked_at
    assert await dump(projection, model, models=models) == before


async def test_nothing_overtakes_and_what_is_given_up_frees_the_rest(shown, projection):
    log, models = history(), shown.models
    model, streams = await parked(shown, projection, log)
    first, *behind = streams[stream("photo", BAD).name]
    facts = await log.stream(first.log, first.stream)
    assert await models.retry(model, projection, facts[1:]) == 0
    await models.discard(model, first.log, first.number)
    with pytest.raises(LookupError, match="nothing is parked"):
        await models.discard(model, first.log, first.number)
    assert await models.retry(model, projection, facts) == len(behind)
    assert stream("photo", BAD).name not in await sequences(models, model)


async def test_what_can_not_be_decoded_is_parked_in_sequence_and_stops_a_rebuild(shown, projection):
    log, models = MemoryLog(), shown.models
    (broken,) = liked(log, "photo", BAD, PhotoLiked)
    liked(log, "photo", BAD, PhotoUnliked)
    liked(log, "photo", "ada", PhotoLiked)
    (other,) = liked(log, "photo", "bob", PhotoLiked)
    log.facts[0][0] = again(broken, event=Unreadable("photo.liked.v9", ValueError("of tomorrow"), START))
    log.facts[0][-1] = again(other, event=Unreadable("photo.framed.v1", ValueError("none of ours"), START))
    model = await models.create(projection, State.READY)
    await catch_up(model, projection, log=log, models=models)
    (letters,) = (await sequences(models, model)).values()
    assert [(each.number, each.event_name) for each in letters] == [
        (log.facts[0][0].position.number, "photo.liked.v9"),
        (log.facts[0][1].position.number, "photo.unliked.v1"),
    ]
    assert letters[0].error == "ValueError: of tomorrow"
    assert await retry(letters, projection, log=log, models=models, desk=models) == 0
    with pytest.raises(PoisonedError, match=r"photo\.liked\.v9") as caught:
        await rebuild(projection, log=log, models=models)
    assert caught.value.fact.position == broken.position
    log.facts[0][0] = broken
    assert await retry(letters, projection, log=log, models=models, desk=models) == 2
