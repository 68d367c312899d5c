"""The store of search read models: what a repetition, a late write, a poisonous fact and an outage come to."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from commands.errors import Unavailable
from domain.events import MemberErased, MemberRegistered, ProfileChanged
from domain.homes import slot_of_home
from infra.opensearch.connecting import OpenSearch
from infra.opensearch.search import OpenSearchSearch
from infra.opensearch.store import OpenSearchStore
from projections.rows import Drop, Projection, Put
from projections.search import MEMBER_SEARCH, PHOTO_SEARCH, MemberDocument, PhotoDocument, PhotoOwner
from projections.stores import Batch, Fed, Model, PoisonedError, State
from projections.words import indexed
from tests.contracts.searching import Alone, Town, alone, utc_now
from tests.projections.histories import World
from tests.scanning import data_of, found_in
from tests.servers import Servers
from tests.streams.memory_log import START, MemoryLog

pytestmark = pytest.mark.cluster

NOTHING = dict.fromkeys(("likes", "comments", "follows", "photos", "albums", "shares", "files"), 0)
"""What was withdrawn and removed of a member who had done nothing."""


@pytest.fixture
async def models(stack: Servers) -> AsyncIterator[Alone]:
    async with alone(stack) as made:
        yield made


def named(member: str, first: str) -> MemberRegistered:
    return MemberRegistered(
        at=START,
        member_id=member,
        username=member,
        email="",
        password_hash="",
        first_name=first,
        last_name="",
    )


def renamed(member: str, first: str) -> ProfileChanged:
    return ProfileChanged(at=START, member_id=member, first_name=first, last_name="", bio="")


def history(*events: MemberRegistered | ProfileChanged) -> MemoryLog:
    log = MemoryLog()
    for event in events:
        log.append(slot_of_home(event.member_id), f"member-{event.member_id}", event)
    return log


async def names(models: Alone, model: Model) -> dict[str, str]:
    found = await models.rows(model, MemberDocument, after=None, limit=100)
    return {row.member_id: row.first_name for row in found}


async def test_a_batch_counts_only_at_its_checkpoint(models: Alone) -> None:
    facts = history(named("ada", "Ada"), renamed("ada", "Eve"), named("bob", "Bob")).facts[0]
    model = await models.create(MEMBER_SEARCH, State.LIVE)
    first = Batch(0, 0, facts[1].position.number, facts[:2])
    ahead = replace(first, expected=3, last=9)
    assert await models.feed(model, MEMBER_SEARCH, ahead, park=True) is Fed.MISMATCH
    assert await models.store.checkpoints(model) == {}
    assert await models.feed(model, MEMBER_SEARCH, first, park=True) is Fed.APPLIED
    assert await models.feed(model, MEMBER_SEARCH, first, park=True) is Fed.MISMATCH
    assert await names(models, model) == {"ada": "Eve"}
    rest = Batch(0, first.last, 50, facts)
    assert await models.feed(model, MEMBER_SEARCH, rest, park=True) is Fed.APPLIED
    assert await models.feed(model, MEMBER_SEARCH, Batch(1, 0, 7, ()), park=True) is Fed.APPLIED
    assert await models.store.checkpoints(model) == {0: 50, 1: 7}
    assert await models.store.checkpoints(model, [1, 2]) == {1: 7}
    assert await names(models, model) == {"ada": "Eve", "bob": "Bob"}


async def test_of_two_hosts_at_once_one_moves_the_checkpoint(models: Alone) -> None:
    facts = history(named("ada", "Ada")).facts[0]
    model = await models.create(MEMBER_SEARCH, State.LIVE)
    batch = Batch(0, 0, facts[-1].position.number, facts)
    outcomes = await asyncio.gather(*(models.feed(model, MEMBER_SEARCH, batch, park=True) for _ in range(4)))
    assert sorted(outcomes) == [Fed.APPLIED, Fed.MISMATCH, Fed.MISMATCH, Fed.MISMATCH]
    assert await names(models, model) == {"ada": "Ada"}


async def test_an_attempt_that_died_before_its_checkpoint_is_repeated_to_the_same_rows(models: Alone) -> None:
    town = Town(models, OpenSearchSearch(models.store, models.live))  # only to make a history
    ana = town.member("ana", "Ana")
    first, second = town.photo(ana, "one"), town.photo(ana, "two")
    town.describe(ana, first, "three")
    town.reject(ana, second)
    town.rename(ana, "Bea")
    town.describe(ana, first, "four")
    log = next(number for number, facts in town.log.facts.items() if facts)
    facts = town.log.facts[log]
    whole = await models.create(PHOTO_SEARCH, State.LIVE)
    last = facts[-1].position.number
    assert await models.feed(whole, PHOTO_SEARCH, Batch(log, 0, last, facts), park=False) is Fed.APPLIED
    expected = [await models.rows(whole, cls, after=None, limit=9) for cls in (PhotoDocument, PhotoOwner)]
    assert [row.caption for row in expected[0]] == ["four"]
    for size in (1, 2, 3):
        model = await models.create(PHOTO_SEARCH, State.LIVE)
        index = models.store.index(model)
        assert await models.feed(model, PHOTO_SEARCH, Batch(log, 0, last, facts), park=False) is Fed.APPLIED
        path = f"/{models.store.search.name('checkpoints')}/_doc/{model}:{log}"
        await models.store.search.ask("DELETE", path, params={"refresh": "true"})  # as if it had never been moved
        at = 0
        for start in range(0, len(facts), size):
            chunk = facts[start : start + size]
            batch = Batch(log, at, chunk[-1].position.number, chunk)
            assert await models.feed(model, PHOTO_SEARCH, batch, park=False) is Fed.APPLIED, index
            at = batch.last
        assert [await models.rows(model, cls, after=None, limit=9) for cls in (PhotoDocument, PhotoOwner)] == expected


BAD, UNSTORABLE, UNTAKEN = "bad", "unstorable", "untaken"


def choke(fact, look):
    """Raises for one member, makes a row that JSON can't hold for another, and one that the index refuses for a third."""
    del look
    member = fact.event.member_id
    if fact.event.first_name == BAD:
        raise ZeroDivisionError("as planned \udcff")
    if fact.event.first_name == UNSTORABLE:
        yield Put(MemberDocument(member, "\ud800", "", "", ""))
    elif fact.event.first_name == UNTAKEN:
        yield Put(MemberDocument(member, "u" * 40_000, "", "", ""))
    else:
        yield Put(MemberDocument(member, member, fact.event.first_name, "", indexed(member)))


CHOKING = Projection("member_search", 1, (MemberRegistered, ProfileChanged), (MemberDocument,), choke)


@pytest.mark.parametrize("poison", [BAD, UNSTORABLE, UNTAKEN])
async def test_what_cannot_be_applied_is_parked_with_what_follows_in_its_stream(models: Alone, poison: str) -> None:
    log = history(named("ada", "Ada"), named("eve", poison), named("bob", "Bob"), renamed("eve", "Eve"))
    facts = log.facts[0]
    model = await models.create(CHOKING, State.LIVE)
    first = Batch(0, 0, facts[2].position.number, facts[:3])
    with pytest.raises(PoisonedError) as caught:
        await models.feed(model, CHOKING, first, park=False)
    assert caught.value.fact == facts[1]
    assert await models.store.checkpoints(model) == {}
    assert await models.feed(model, CHOKING, first, park=True) is Fed.APPLIED
    rest = Batch(0, first.last, facts[3].position.number, facts[3:])
    assert await models.feed(model, CHOKING, rest, park=True) is Fed.APPLIED
    assert await names(models, model) == {"ada": "Ada", "bob": "Bob"}
    assert await models.store.letters(model) == 2
    one, behind = await models.store.dead_letters(model, limit=10)
    assert (one.stream, one.event_name, bool(one.trace)) == ("member-eve", "member.registered.v1", True)
    assert (behind.event_name, behind.trace, behind.model) == ("member.profile_changed.v1", "", model)
    assert len(await models.store.dead_letters(model, limit=1)) == 1


async def test_a_late_write_brings_nothing_back(models: Alone) -> None:
    log = history(named("ada", "Ada"), renamed("ada", "gone"))
    facts = log.facts[0]

    def project(fact, look):
        del look
        if fact.event.first_name == "gone":
            yield Drop(MemberDocument, ("ada",))
        else:
            yield Put(MemberDocument("ada", "ada", "Ada", "", "ada"))

    dropping = replace(CHOKING, project=project)
    model = await models.create(dropping, State.LIVE)
    batch = Batch(0, 0, facts[-1].position.number, facts)
    assert await models.feed(model, dropping, batch, park=False) is Fed.APPLIED
    late = Batch(1, 0, facts[0].position.number, facts[:1])  # a write of the first fact, long after the second's
    assert await models.feed(model, dropping, late, park=False) is Fed.APPLIED
    assert await names(models, model) == {}


async def test_rows_page_in_the_order_of_the_key(models: Alone) -> None:
    log = MemoryLog()
    World(log).live(*[("join", 0, 0, 0)] * 3, *[("upload", number, 0, 0) for number in range(6)])
    facts = log.facts[0]
    model = await models.create(PHOTO_SEARCH, State.LIVE)
    await models.feed(model, PHOTO_SEARCH, Batch(0, 0, facts[-1].position.number, facts), park=False)
    seen, after = [], None
    while page := await models.rows(model, PhotoDocument, after=after, limit=2):
        after = (page[-1].owner_id, page[-1].photo_id)
        seen += [(row.owner_id, row.photo_id) for row in page]
    assert len(seen) == 6
    assert seen == sorted(seen)


async def test_a_cleared_build_leaves_nothing_and_takes_nothing(models: Alone) -> None:
    facts = history(named("ada", "Ada")).facts[0]
    model = await models.create(MEMBER_SEARCH, State.LIVE)
    batch = Batch(0, 0, facts[-1].position.number, facts)
    await models.feed(model, MEMBER_SEARCH, batch, park=True)
    await models.store.clear(model)
    await models.store.clear(model)
    assert await models.store.checkpoints(model) == {}
    with pytest.raises(Unavailable):
        await models.feed(model, MEMBER_SEARCH, batch, park=True)
    found = await models.store.search.ask("HEAD", f"/{models.store.index(model)}", allowed=(404,))
    assert found[0] == 404


async def test_servers_that_are_away_are_named_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        search = OpenSearch(f"http://127.0.0.1:{taken.getsockname()[1]}")
        store = OpenSearchStore(search, now=utc_now)
        model = Model("member_search", 1)

        async def live(_: Projection) -> Model:
            return model

        with pytest.raises(Unavailable):
            await store.open()
        with pytest.raises(Unavailable):
            await store.feed(model, MEMBER_SEARCH, 1, Batch(0, 0, 1, ()), park=True)
        with pytest.raises(Unavailable):
            await OpenSearchSearch(store, live).members("ana", after=None, limit=9)
        await search.close()


async def test_what_was_replaced_or_deleted_leaves_the_files(models: Alone, stack: Servers) -> None:
    first, second = (f"quillfeather{uuid.uuid4().hex[:8]}" for _ in range(2))
    others = [named(f"m{number}", "Ada") for number in range(50)]
    log = history(named("ada", first), named("bob", second), *others)
    model = await models.create(MEMBER_SEARCH, State.LIVE)
    at = log.facts[0][-1].position.number
    assert await models.feed(model, MEMBER_SEARCH, Batch(0, 0, at, log.facts[0]), park=True) is Fed.APPLIED
    await models.store.search.ask("POST", f"/{models.store.index(model)}/_flush")
    log.append(slot_of_home("ada"), "member-ada", renamed("ada", "Eve"))
    log.append(slot_of_home("bob"), "member-bob", MemberErased(at=START, member_id="bob", **NOTHING))
    after = log.facts[0][-1].position.number
    assert await models.feed(model, MEMBER_SEARCH, Batch(0, at, after, log.facts[0][-2:]), park=True) is Fed.APPLIED
    files = data_of(stack.root, "opensearch")
    assert found_in(files, first, second) == {first, second}
    await models.store.tidy()
    assert found_in(files, first, second) == set()
    assert len(await names(models, model)) == len(others) + 1
