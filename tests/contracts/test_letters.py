"""The port `Letters`, held against each store: rows, counts, and what is searched, embedded and in the cluster."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from domain import likes
from domain.events import PhotoDescribed, PhotoLiked, PhotoRemoved, PhotoUnliked, PhotoUploaded, event_type
from domain.homes import Stream, slot_of_home
from domain.recorded import Recorded, Unreadable
from projections.counters import COUNTERS
from projections.likes import LIKES
from projections.rows import Projection
from projections.search import PHOTO_SEARCH
from projections.stores import Letters, PoisonedError, State
from streams.letters import retry, sequences
from streams.rebuild import catch_up, rebuild
from streams.verifying import dump
from tests.cluster import SERVERS, cluster, end_documents, keyspace
from tests.golden.samples import sample
from tests.projections.feeding import sqlite_models
from tests.streams.memory_log import START, MemoryLog, again
from tests.streams.poison import BAD


@dataclass(frozen=True)
class Case:
    """A projection, and what happens in a stream of a member's about a photo: a first event and two more."""

    projection: Projection
    events: tuple[type, type, type]
    stream: Callable[[str, str], Stream]
    member: str
    """What events call the member."""

    @property
    def name(self) -> str:
        return self.projection.name

    def happen(self, log: MemoryLog, photo: str, member: str, *events: type) -> list[Recorded]:
        at = self.stream(photo, member)
        told = {"photo_id": photo, self.member: member}
        return log.append(at.slot, at.name, *(replace(sample(event_type(cls)), **told) for cls in events))

    def choking(self) -> Projection:
        """The same projection, whose code is wrong for how one member begins."""

        def project(fact, look):
            if isinstance(fact.event, self.events[0]) and getattr(fact.event, self.member) == BAD:
                raise ZeroDivisionError("as planned \udcff")
            yield from self.projection.project(fact, look)

        return replace(self.projection, project=project)


def _of_photo(photo: str, member: str) -> Stream:
    return Stream(f"photo-{photo}-{member}", slot_of_home(member))


LIKED = (PhotoLiked, PhotoUnliked, PhotoLiked)
CASES = (
    Case(LIKES, LIKED, likes.stream, "member_id"),
    Case(COUNTERS, LIKED, likes.stream, "member_id"),
    Case(PHOTO_SEARCH, (PhotoUploaded, PhotoDescribed, PhotoRemoved), _of_photo, "owner_id"),
)

pytestmark = [
    pytest.mark.parametrize("models", ["sqlite", pytest.param("cluster", marks=pytest.mark.cluster)], indirect=True),
    pytest.mark.parametrize("case", CASES, ids=lambda case: case.name),
]


@pytest.fixture
async def models(request, tmp_path):
    if request.param == "sqlite":
        async with sqlite_models(tmp_path) as made:
            yield made
        return
    addresses = request.getfixturevalue("stack").need(*SERVERS, "opensearch")
    async with keyspace(addresses) as space:
        async with cluster(addresses, space, documents=True) as known:
            yield known.models
        await end_documents(addresses, space)


def history(case):
    log, first = MemoryLog(2), case.events[0]
    case.happen(log, "photo", "ada", first)
    case.happen(log, "photo", BAD, *case.events)
    case.happen(log, "other", BAD, first)
    case.happen(log, "photo", "bob", first)
    return log


async def parked(models, case, log):
    model = await models.create(case.projection, State.READY)
    await catch_up(model, case.choking(), log=log, models=models)
    return model, await sequences(models, model)


async def test_a_retry_gives_the_rows_of_a_rebuild_once(models, case):
    log, projection = history(case), case.projection
    model, streams = await parked(models, case, log)
    assert isinstance(models, Letters)
    assert {name: len(each) for name, each in streams.items()} == {
        case.stream("photo", BAD).name: 3,
        case.stream("other", BAD).name: 1,
    }
    for letters in streams.values():
        assert await retry(letters, projection, log=log, models=models, desk=models) == len(letters)
        facts = await log.stream(letters[0].log, letters[0].stream)
        assert await models.retry(model, projection, facts) == 0
    assert await sequences(models, model) == {}
    plain = await rebuild(projection, log=log, models=models)
    assert await dump(projection, model, models=models) == await dump(projection, plain, models=models)
    case.happen(log, "photo", BAD, case.events[1])
    for each in (model, plain):
        await catch_up(each, projection, log=log, models=models)
    assert await dump(projection, model, models=models) == await dump(projection, plain, models=models)


async def test_what_still_can_not_be_applied_stays_and_says_why(models, case):
    log, projection = history(case), case.projection
    model, streams = await parked(models, case, log)
    before = await dump(projection, model, models=models)
    for letters in streams.values():
        assert await retry(letters, case.choking(), log=log, models=models, desk=models) == 0
    after = await sequences(models, model)
    assert {name: [each.number for each in letters] for name, letters in after.items()} == {
        name: [each.number for each in letters] for name, letters in streams.items()
    }
    first = after[case.stream("photo", BAD).name][0]
    assert first.error.startswith("ZeroDivisionError: as planned")
    assert first.parked_at > streams[case.stream("photo", BAD).name][0].parked_at
    assert await dump(projection, model, models=models) == before


async def test_nothing_overtakes_and_what_is_given_up_frees_the_rest(models, case):
    log, projection = history(case), case.projection
    model, streams = await parked(models, case, log)
    first, *behind = streams[case.stream("photo", BAD).name]
    facts = await log.stream(first.log, first.stream)
    assert await models.retry(model, projection, facts[1:]) == 0
    await models.discard(model, first.log, first.number)
    with pytest.raises(LookupError, match="nothing is parked"):
        await models.discard(model, first.log, first.number)
    assert await models.retry(model, projection, facts) == len(behind)
    assert case.stream("photo", BAD).name not in await sequences(models, model)


async def test_what_can_not_be_decoded_is_parked_in_sequence_and_stops_a_rebuild(models, case):
    log, projection = MemoryLog(), case.projection
    first, then = case.events[:2]
    (broken,) = case.happen(log, "photo", BAD, first)
    case.happen(log, "photo", BAD, then)
    case.happen(log, "photo", "ada", first)
    (other,) = case.happen(log, "photo", "bob", first)
    tomorrow = event_type(first).name.replace(".v1", ".v9")
    log.facts[0][0] = again(broken, event=Unreadable(tomorrow, ValueError("of tomorrow"), START))
    log.facts[0][-1] = again(other, event=Unreadable("photo.framed.v1", ValueError("none of ours"), START))
    model = await models.create(projection, State.READY)
    await catch_up(model, projection, log=log, models=models)
    (letters,) = (await sequences(models, model)).values()
    assert [(each.number, each.event_name) for each in letters] == [
        (log.facts[0][0].position.number, tomorrow),
        (log.facts[0][1].position.number, event_type(then).name),
    ]
    assert letters[0].error == "ValueError: of tomorrow"
    assert await retry(letters, projection, log=log, models=models, desk=models) == 0
    with pytest.raises(PoisonedError, match=re.escape(tomorrow)) as caught:
        await rebuild(projection, log=log, models=models)
    assert caught.value.fact.position == broken.position
    log.facts[0][0] = broken
    assert await retry(letters, projection, log=log, models=models, desk=models) == 2
