"""Likes: of what one sees, once, in the log of the photo's reactions."""

import asyncio

import pytest

from commands.likes import LikePhoto, UnlikePhoto, like_photo, unlike_photo
from commands.photos import RemovePhoto, remove_photo
from domain import likes
from domain.errors import NotFound
from domain.events import PhotoLiked, PhotoUnliked
from domain.homes import slot_of_reactions
from domain.ids import new_id
from domain.visibility import Audience
from tests.given import NOON


def liked(product, member, photo):
    return like_photo(LikePhoto(photo, member), deps=product.deps, sight=product.sight)


def unliked(product, member, photo):
    return unlike_photo(UnlikePhoto(photo, member), deps=product.deps, sight=product.sight)


@pytest.fixture
async def pair(product):
    """Ana shows photos, Ben sees some of them."""
    return await product.members("ana", "ben")


async def test_a_like_is_given_once_and_taken_back_once(product, pair):
    ana, ben = pair
    photo = await product.photo(ana)
    given = await liked(product, ben, photo)
    of = {"at": NOON, "photo_id": photo, "owner_id": ana, "member_id": ben}
    (fact,) = given.recorded
    assert fact.event == PhotoLiked(**of)
    assert fact.position.log == slot_of_reactions(photo) % product.store.logs
    again = await liked(product, ben, photo)
    assert (again.recorded, again.reached, again.state.given) == ((), given.reached, True)
    taken = await unliked(product, ben, photo)
    assert [fact.event for fact in taken.recorded] == [PhotoUnliked(**of)]
    before = await product.heads()
    assert (await unliked(product, ben, photo)).reached == taken.reached
    assert await product.heads() == before


async def test_what_is_not_seen_is_not_found(product, pair):
    ana, ben = pair
    removed = await product.photo(ana)
    await remove_photo(RemovePhoto(ana, removed), deps=product.deps, sight=product.sight)
    hidden = [
        removed,
        await product.publish(ana),
        await product.photo(ana, audience=Audience.PRIVATE),
        await product.photo(ana, audience=Audience.FRIENDS),
        new_id(3, NOON),
        "nonsense",
    ]
    before = await product.heads()
    for photo in hidden:
        for attempt in (liked, unliked):
            with pytest.raises(NotFound) as refusal:
                await attempt(product, ben, photo)
            assert refusal.value.code == "photo_not_found"
    assert await product.heads() == before


async def test_friends_like_what_is_for_friends(product, pair):
    ana, ben = pair
    photo = await product.photo(ana, audience=Audience.FRIENDS)
    await product.befriend(ana, ben)
    assert (await liked(product, ben, photo)).recorded
    await product.unfollow(ana, ben)
    with pytest.raises(NotFound):
        await unliked(product, ben, photo)


async def test_a_private_account_is_liked_by_its_followers(product, pair):
    ana, ben = pair
    photo = await product.photo(ana)
    await product.go_private(ana)
    with pytest.raises(NotFound):
        await liked(product, ben, photo)
    await product.follow(ben, ana)
    with pytest.raises(NotFound):
        await liked(product, ben, photo)
    await product.accept(ben, ana)
    assert (await liked(product, ben, photo)).recorded


async def test_owners_like_their_own_even_while_it_is_processed(product, pair):
    ana, _ = pair
    photo = await product.publish(ana, audience=Audience.PRIVATE)
    assert (await liked(product, ana, photo)).recorded


async def test_ten_likes_at_once_are_one(product, pair):
    ana, ben = pair
    photo = await product.photo(ana)
    receipts = await asyncio.gather(*(liked(product, member, photo) for member in (ana, ben) for _ in range(10)))
    assert sum(len(receipt.recorded) for receipt in receipts) == 2
    for member in (ana, ben):
        assert len(await product.facts(likes.stream(photo, member))) == 1
