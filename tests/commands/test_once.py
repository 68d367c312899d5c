"""Idempotency keys: the first answer lies beside its events, and is given again while it is kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from commands.comments import WriteComment, write_comment
from commands.deciding import Part, decide, decide_together, recall
from commands.errors import Conflict
from commands.photos import PublishPhoto, RemovePhoto, RestorePhoto, publish_photo, remove_photo, restore_photo
from domain import likes, photos
from domain.errors import Contradicted, Invalid, NotFound
from domain.events import PhotoLiked, PhotoRestored, RequestAnswered
from domain.ids import new_id, slot_of
from domain.once import KEPT, Answer
from tests.commands.product import Overtaken, once_of
from tests.given import ANA, BEN, NOON

PHOTO = new_id(7, NOON, lambda _: 7)
LIKE = Part(likes.stream(PHOTO, BEN), likes.evolve, likes.NONE)
ONCE = once_of(slot=LIKE.stream.slot, member=BEN, answer=lambda like: Answer(201, f"given: {like.given}"))


def given(like):
    return likes.give(like, photo=PHOTO, owner=ANA, member=BEN, at=NOON)


def never(_):
    raise AssertionError("a request that was answered is not decided again")


async def test_the_answer_is_recorded_beside_the_event_it_tells_of(product):
    receipt = await decide(product.deps, LIKE, given, once=ONCE)
    liked, answered = receipt.recorded
    assert isinstance(liked.event, PhotoLiked)
    assert answered.event == RequestAnswered(
        at=NOON, member_id=BEN, body_hash=ONCE.body_hash, status=201, answer="given: True", expires_at=NOON + KEPT
    )
    assert liked.position.log == answered.position.log
    assert answered.position.number == liked.position.number + 1
    assert receipt.reached == {answered.position.log: answered.position.number}
    assert receipt.replayed is None


async def test_both_are_recorded_or_neither(product):
    async def taken_elsewhere():
        other = once_of("other body", slot=LIKE.stream.slot, member=BEN)
        (answered,) = await product.store.load(other.stream)
        await product.store.append([other.write(answered.version, (likes.NONE,), NOON)], product.deps.context())

    with pytest.raises(Invalid) as refusal:
        await decide(replace(product.deps, store=Overtaken(product.store, taken_elsewhere)), LIKE, given, once=ONCE)
    assert refusal.value.code == "idempotency_key_reused"
    assert await product.events(LIKE.stream) == []


async def test_a_repeat_gets_the_first_answer_and_records_nothing(product):
    first = await decide(product.deps, LIKE, given, once=ONCE)
    before = await product.heads()
    again = await decide(product.deps, LIKE, never, once=ONCE)
    assert again.replayed == Answer(201, "given: True")
    assert (again.recorded, again.reached) == ((), first.reached)
    recalled = await recall(ONCE, deps=product.deps)
    assert recalled is not None
    assert (recalled.replayed, recalled.reached) == (again.replayed, first.reached)
    assert await product.heads() == before


async def test_a_key_comes_with_one_body(product):
    await decide(product.deps, LIKE, given, once=ONCE)
    other = replace(ONCE, body_hash="another")
    for ask in (partial(decide, product.deps, LIKE, never, once=other), partial(recall, other, deps=product.deps)):
        with pytest.raises(Invalid) as refusal:
            await ask()
        assert refusal.value.code == "idempotency_key_reused"


async def test_an_answer_is_kept_for_a_day_and_then_the_key_is_new(product):
    await decide(product.deps, LIKE, given, once=ONCE)
    product.clock.now = NOON + KEPT - timedelta(microseconds=1)
    assert (await decide(product.deps, LIKE, never, once=ONCE)).replayed is not None
    product.clock.now = NOON + KEPT
    assert await recall(ONCE, deps=product.deps) is None
    anew = replace(ONCE, body_hash="another", answer=lambda like: Answer(200, "anew"))
    receipt = await decide(product.deps, LIKE, given, once=anew)
    assert receipt.replayed is None
    assert [type(fact.event) for fact in receipt.recorded] == [RequestAnswered]
    assert (await decide(product.deps, LIKE, never, once=anew)).replayed == Answer(200, "anew")


async def test_a_command_that_had_nothing_to_do_is_answered_once_too(product):
    await decide(product.deps, LIKE, given)
    receipt = await decide(product.deps, LIKE, given, once=ONCE)
    assert [type(fact.event) for fact in receipt.recorded] == [RequestAnswered]
    assert (await decide(product.deps, LIKE, never, once=ONCE)).replayed == Answer(201, "given: True")


async def test_a_refused_command_leaves_no_answer(product):
    def refuse(_):
        raise Contradicted("no", "No.")

    with pytest.raises(Contradicted):
        await decide(product.deps, LIKE, refuse, once=ONCE)
    assert await recall(ONCE, deps=product.deps) is None
    assert (await decide(product.deps, LIKE, given, once=ONCE)).replayed is None


async def test_many_with_one_key_are_decided_once(product):
    receipts = await asyncio.gather(*(decide(product.deps, LIKE, given, once=ONCE) for _ in range(20)))
    (first,) = (receipt for receipt in receipts if receipt.replayed is None)
    assert len(first.recorded) == 2
    assert {receipt.replayed for receipt in receipts if receipt is not first} == {Answer(201, "given: True")}
    assert len(await product.facts(ONCE.stream)) == 1


async def test_an_answer_that_can_not_be_made_leaves_nothing_behind(product):
    def stumble(_):
        raise KeyError

    with pytest.raises(KeyError):
        await decide(product.deps, LIKE, given, once=replace(ONCE, answer=stumble))
    assert await product.events(LIKE.stream) == []


async def test_the_answer_of_several_is_made_from_all_their_states(product):
    other = Part(likes.stream(PHOTO, ANA), likes.evolve, likes.NONE)
    once = replace(ONCE, answer=lambda states: Answer(201, " ".join(str(like.given) for like in states)))
    receipt = await decide_together(product.deps, [LIKE, other], lambda states: [given(states[0]), []], once=once)
    assert receipt.recorded[-1].event.answer == "True False"


async def test_a_comment_is_written_once_for_a_key(product):
    ana = await product.member("ana")
    photo = await product.photo(ana)
    slot = likes.stream(photo, ana).slot
    once = once_of(slot=slot, member=ana, answer=lambda comment: Answer(201, comment.written.comment_id))
    first = await write_comment(WriteComment(photo, ana, "Hm"), deps=product.deps, sight=product.sight, once=once)
    again = await write_comment(WriteComment(photo, ana, "Hm"), deps=product.deps, sight=product.sight, once=once)
    assert again.replayed == Answer(201, first.state.written.comment_id)
    assert again.recorded == ()


async def test_a_photo_is_published_and_restored_once_for_a_key(product):
    ana = await product.member("ana")
    requested = await product.upload(ana)
    told = partial(once_of, slot=slot_of(ana), member=ana, answer=lambda photo: Answer(202, photo.uploaded.photo_id))
    command = PublishPhoto(ana, requested.upload_id)
    first = await publish_photo(command, deps=product.deps, objects=product.objects, once=told(key="publish"))
    photo = first.state.uploaded.photo_id
    recalled = await recall(told(key="publish"), deps=product.deps)
    assert recalled is not None
    assert recalled.replayed == Answer(202, photo)

    await remove_photo(RemovePhoto(ana, photo), deps=product.deps, sight=product.sight)
    restore = partial(restore_photo, RestorePhoto(ana, photo), deps=product.deps, sight=product.sight)
    await restore(once=told(key="restore"))
    await remove_photo(RemovePhoto(ana, photo), deps=product.deps, sight=product.sight)
    again = await restore(once=told(key="restore"))
    assert again.replayed == Answer(202, photo)
    events = await product.events(photos.stream(photo))
    assert sum(isinstance(event, PhotoRestored) for event in events) == 1


async def test_a_refusal_before_the_decision_leaves_no_answer_either(product):
    ana = await product.member("ana")
    once = once_of(slot=slot_of(ana), member=ana)
    with pytest.raises(NotFound):
        await restore_photo(RestorePhoto(ana, PHOTO), deps=product.deps, sight=product.sight, once=once)
    assert await product.events(once.stream) == []


async def test_a_key_contended_for_ever_is_a_conflict(product):
    async def answer_of_long_ago():
        """Expired answers keep coming: each takes the place that this one wanted."""
        (stored,) = await product.store.load(ONCE.stream)
        old = ONCE.of_first().write(stored.version, (likes.NONE,), NOON - KEPT)
        await product.store.append([old], product.deps.context())

    store = Overtaken(product.store, *[answer_of_long_ago] * 100)
    with pytest.raises(Conflict):
        await decide(replace(product.deps, store=store), LIKE, given, once=ONCE)
    assert await product.events(LIKE.stream) == []
