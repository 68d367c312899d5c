"""Load, fold, choose, append: a lost race is decided again, and what changes nothing records nothing."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from commands.deciding import TRIES, Part, decide, decide_together, look
from commands.errors import Conflict, Unavailable
from commands.ports import Context, Write
from domain import follows, likes
from domain.events import MemberFollowed, PhotoLiked, PhotoUnliked
from domain.follows import Following
from domain.homes import Stream
from domain.ids import new_id
from domain.likes import Like
from tests.commands.product import Down, Overtaken, crash
from tests.given import ANA, BEN, CLEO, NOON

PHOTO = new_id(7, NOON, lambda _: 7)
OF = {"photo_id": PHOTO, "owner_id": ANA, "member_id": BEN}
LIKE = Part(likes.stream(PHOTO, BEN), likes.evolve, likes.NONE)
FOLLOWS = [Part(follows.stream(ANA, each), follows.evolve, follows.APART) for each in (BEN, CLEO)]


def given(like):
    return likes.give(like, photo=PHOTO, owner=ANA, member=BEN, at=NOON)


def withdrawn(like):
    return likes.withdraw(like, photo=PHOTO, owner=ANA, member=BEN, at=NOON)


def begun(states):
    return [
        follows.begin(state, each, ANA, NOON, private=False) for state, each in zip(states, (BEN, CLEO), strict=True)
    ]


async def appended(store, part, *events):
    """What another writer does, without a decision."""
    (loaded,) = await store.load(part.stream)
    return await store.append([Write(part.stream, loaded.version, events)], Context())


async def test_what_is_chosen_is_recorded_and_folded(product):
    receipt = await decide(product.deps, LIKE, given)
    (fact,) = await product.facts(LIKE.stream)
    assert receipt.state == Like(given=True)
    assert receipt.recorded == (fact,)
    assert fact.event == PhotoLiked(at=NOON, **OF)
    assert receipt.reached == {LIKE.stream.log(product.store.logs): fact.position.number}
    assert await look(product.deps, LIKE) == Like(given=True)


async def test_what_changes_nothing_records_nothing_and_reaches_what_it_looked_at(product):
    nothing = await decide(product.deps, LIKE, withdrawn)
    assert (nothing.state, nothing.recorded, nothing.reached) == (likes.NONE, (), {})
    first = await decide(product.deps, LIKE, given)
    before = await product.heads()
    again = await decide(product.deps, LIKE, given)
    assert (again.state, again.recorded, again.reached) == (Like(given=True), (), first.reached)
    assert await product.heads() == before


async def test_a_lost_race_is_decided_again_over_what_won(product):
    other = partial(appended, product.store, LIKE, PhotoLiked(at=NOON, **OF))
    seen = []
    store = Overtaken(product.store, other)
    receipt = await decide(replace(product.deps, store=store), LIKE, lambda like: seen.append(like) or given(like))
    assert seen == [likes.NONE, Like(given=True)]
    assert receipt.recorded == ()
    assert receipt.state == Like(given=True)
    assert await product.events(LIKE.stream) == [PhotoLiked(at=NOON, **OF)]


async def test_a_refusal_may_come_after_a_lost_race(product):
    def only_once(like):
        if like.given:
            raise PermissionError
        return given(like)

    other = partial(appended, product.store, LIKE, PhotoLiked(at=NOON, **OF))
    with pytest.raises(PermissionError):
        await decide(replace(product.deps, store=Overtaken(product.store, other)), LIKE, only_once)
    assert len(await product.facts(LIKE.stream)) == 1


async def test_the_last_try_may_still_win_and_after_it_nothing_is_tried(product):
    async def toggle():
        state = await look(product.deps, LIKE)
        change = PhotoUnliked if state.given else PhotoLiked
        await appended(product.store, LIKE, change(at=NOON, **OF))

    def always(_):
        return [PhotoLiked(at=NOON, **OF)]

    store = Overtaken(product.store, *[toggle] * (TRIES - 1))
    receipt = await decide(replace(product.deps, store=store), LIKE, always)
    assert (store.appends, receipt.recorded[0].version) == (TRIES, TRIES)

    store = Overtaken(product.store, *[toggle] * TRIES)
    with pytest.raises(Conflict, match=LIKE.stream.name):
        await decide(replace(product.deps, store=store), LIKE, always)
    assert store.appends == TRIES
    assert len(await product.facts(LIKE.stream)) == 2 * TRIES


async def test_many_at_once_record_one_change(product):
    receipts = await asyncio.gather(*(decide(product.deps, LIKE, given) for _ in range(20)))
    assert sum(len(receipt.recorded) for receipt in receipts) == 1
    assert {receipt.state for receipt in receipts} == {Like(given=True)}
    (fact,) = await product.facts(LIKE.stream)
    assert {tuple(receipt.reached.items()) for receipt in receipts} == {((fact.position.log, fact.position.number),)}


async def test_several_streams_are_written_together_or_not_at_all(product):
    other = partial(
        appended, product.store, FOLLOWS[1], MemberFollowed(at=NOON, follower_id=CLEO, followed_id=ANA)
    )  # CLEO's is overtaken, so BEN's must not be there either

    def refuse_the_second(states):
        if states[1].state is Following.YES:
            raise PermissionError
        return begun(states)

    with pytest.raises(PermissionError):
        await decide_together(replace(product.deps, store=Overtaken(product.store, other)), FOLLOWS, refuse_the_second)
    assert await product.events(FOLLOWS[0].stream) == []
    receipt = await decide_together(product.deps, FOLLOWS, begun)
    assert [fact.event.follower_id for fact in receipt.recorded] == [BEN]
    assert [state.state for state in receipt.state] == [Following.YES, Following.YES]


async def test_streams_of_two_logs_are_never_one_decision(product):
    if product.store.logs == 1:
        apart = [FOLLOWS[0], FOLLOWS[1]]
        assert len((await decide_together(product.deps, apart, begun)).recorded) == 2
        return
    elsewhere = Part(Stream("follow-elsewhere", FOLLOWS[0].stream.slot + 1), follows.evolve, follows.APART)
    with pytest.raises(ValueError, match="one log"):
        await decide_together(product.deps, [FOLLOWS[0], elsewhere], begun)
    assert await product.events(FOLLOWS[0].stream) == []


async def test_with_the_read_store_down_the_event_is_recorded_and_its_effect_is_pending(product):
    down = replace(product.deps, immediate=Down())
    receipt = await decide(down, FOLLOWS[0], lambda state: follows.begin(state, BEN, ANA, NOON, private=False))
    assert receipt.pending
    assert len(await product.facts(FOLLOWS[0].stream)) == 1
    assert not (await product.sight.relations(BEN, [ANA]))[ANA].following
    again = await decide(down, FOLLOWS[0], lambda state: follows.begin(state, BEN, ANA, NOON, private=False))
    assert not again.pending  # nothing was recorded, so nothing is to be applied


async def test_with_the_event_store_down_it_is_told_and_not_tried_again(product):
    store = Overtaken(product.store, crash)
    with pytest.raises(Unavailable):
        await decide(replace(product.deps, store=store), LIKE, given)
    assert store.appends == 1
    assert await product.events(LIKE.stream) == []


async def test_what_is_written_belongs_to_the_trace_of_its_request(product):
    context = Context(trace_id="trace", causation_id="cause", correlation_id="correlation")
    await decide(replace(product.deps, context=lambda: context), LIKE, given)
    (fact,) = await product.facts(LIKE.stream)
    assert (fact.trace_id, fact.causation_id, fact.correlation_id) == ("trace", "cause", "correlation")
