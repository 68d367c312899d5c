"""Comments: under what one sees, changed by their authors, deleted by those who may."""

from dataclasses import replace
from functools import partial

import pytest

from commands.blocks import BlockMember, block_member
from commands.comments import EditComment, RemoveComment, WriteComment, edit_comment, remove_comment, write_comment
from commands.photos import RemovePhoto, remove_photo
from domain import comments
from domain.errors import Forbidden, Invalid, NotFound
from domain.events import CommentEdited, CommentRemoved, PhotoCommented
from domain.homes import slot_of_reactions
from domain.ids import new_id, slot_of
from domain.visibility import Audience
from tests.commands.product import Overtaken
from tests.given import NOON


def written(product, member, photo, text="Hm", reply_to=None):
    return write_comment(WriteComment(photo, member, text, reply_to), deps=product.deps, sight=product.sight)


def edited(product, member, comment, text="Oh", *, deps=None):
    return edit_comment(EditComment(comment, member, text), deps=deps or product.deps, sight=product.sight)


def removed(product, member, comment, *, moderator=False):
    return remove_comment(RemoveComment(comment, member, moderator), deps=product.deps, sight=product.sight)


async def comment_of(product, member, photo, text="Hm"):
    return (await written(product, member, photo, text)).state.written.comment_id


async def kinds(product, comment):
    return [type(event) for event in await product.events(comments.stream(comment))]


@pytest.fixture
async def people(product):
    """Ana shows, Ben writes, Cleo looks on."""
    return await product.members("ana", "ben", "cleo")


@pytest.fixture
async def photo(product, people):
    return await product.photo(people[0])


async def test_a_comment_lies_with_the_photos_reactions(product, people, photo):
    ana, ben, _ = people
    receipt = await written(product, ben, photo, " Well,\n@Ana and @cleo! ")
    (fact,) = receipt.recorded
    comment = fact.event.comment_id
    assert fact.event == PhotoCommented(
        at=NOON,
        comment_id=comment,
        photo_id=photo,
        owner_id=ana,
        member_id=ben,
        text="Well,\n@Ana and @cleo!",
        reply_to=None,
        mentions=("ana", "cleo"),
    )
    assert slot_of(comment) == slot_of_reactions(photo)
    assert fact.position.log == slot_of_reactions(photo) % product.store.logs
    assert receipt.reached == {fact.position.log: fact.position.number}


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2201, "a\0b"])
async def test_a_text_keeps_its_limits(product, people, photo, text):
    comment = await comment_of(product, people[1], photo)
    before = await product.heads()
    for attempt in (written(product, people[1], photo, text), edited(product, people[1], comment, text)):
        with pytest.raises(Invalid) as refusal:
            await attempt
        assert refusal.value.field == "text"
    assert await product.heads() == before


async def test_nobody_writes_under_what_they_do_not_see(product, people):
    ana, ben, _ = people
    hidden = [
        await product.publish(ana),
        await product.photo(ana, audience=Audience.PRIVATE),
        new_id(3, NOON),
        "nonsense",
    ]
    before = await product.heads()
    for photo in hidden:
        with pytest.raises(NotFound) as refusal:
            await written(product, ben, photo)
        assert refusal.value.code == "photo_not_found"
    assert await product.heads() == before


async def test_a_reply_answers_a_comment_of_the_same_photo(product, people, photo):
    ana, ben, _ = people
    first = await comment_of(product, ben, photo)
    reply = await written(product, ana, photo, reply_to=first)
    assert reply.state.written.reply_to == first
    elsewhere = await comment_of(product, ben, await product.photo(ana))
    gone = await comment_of(product, ben, photo)
    await removed(product, ben, gone)
    before = await product.heads()
    for wrong in (elsewhere, gone, new_id(3, NOON), photo, "nonsense", ""):
        with pytest.raises(Invalid) as refusal:
            await written(product, ana, photo, reply_to=wrong)
        assert refusal.value.field == "reply_to"
    assert await product.heads() == before


async def test_authors_edit_what_they_wrote(product, people, photo):
    ana, ben, _ = people
    comment = await comment_of(product, ben, photo, "Hm")
    receipt = await edited(product, ben, comment, "Oh @ana")
    assert [fact.event for fact in receipt.recorded] == [
        CommentEdited(
            at=NOON,
            comment_id=comment,
            photo_id=photo,
            owner_id=ana,
            member_id=ben,
            text="Oh @ana",
            mentions=("ana",),
        )
    ]
    again = await edited(product, ben, comment, " Oh @ana ")
    assert (again.recorded, again.reached) == ((), receipt.reached)


async def test_nobody_else_edits_it_not_even_the_photos_owner(product, people, photo):
    ana, ben, cleo = people
    comment = await comment_of(product, ben, photo)
    for member in (ana, cleo):
        with pytest.raises(Forbidden):
            await edited(product, member, comment)
    assert await kinds(product, comment) == [PhotoCommented]


async def test_nobody_edits_under_what_they_no_longer_see(product, people, photo):
    ana, ben, _ = people
    comment = await comment_of(product, ben, photo)
    await product.go_private(ana)
    with pytest.raises(NotFound) as refusal:
        await edited(product, ben, comment)
    assert refusal.value.code == "photo_not_found"


async def test_there_is_nothing_to_edit_where_there_is_no_comment(product, people, photo):
    ben = people[1]
    gone = await comment_of(product, ben, photo)
    await removed(product, ben, gone)
    for comment in (gone, new_id(3, NOON), "nonsense"):
        with pytest.raises(NotFound):
            await edited(product, ben, comment)
    for comment in (new_id(3, NOON), "nonsense"):
        with pytest.raises(NotFound):
            await removed(product, ben, comment)


async def test_an_edit_that_a_removal_overtook_is_not_made(product, people, photo):
    ben = people[1]
    comment = await comment_of(product, ben, photo)
    overtaken = replace(product.deps, store=Overtaken(product.store, partial(removed, product, ben, comment)))
    with pytest.raises(NotFound) as refusal:
        await edited(product, ben, comment, deps=overtaken)
    assert refusal.value.code == "comment_not_found"
    assert await kinds(product, comment) == [PhotoCommented, CommentRemoved]


async def test_author_owner_and_moderator_delete_it_and_again_changes_nothing(product, people, photo):
    ana, ben, cleo = people
    for by, moderator in ((ben, False), (ana, False), (cleo, True)):
        comment = await comment_of(product, ben, photo)
        receipt = await removed(product, by, comment, moderator=moderator)
        assert [fact.event for fact in receipt.recorded] == [
            CommentRemoved(at=NOON, comment_id=comment, photo_id=photo, owner_id=ana, member_id=ben, by=by)
        ]
        again = await removed(product, by, comment, moderator=moderator)
        assert (again.recorded, again.reached) == ((), receipt.reached)


async def test_whoever_else_sees_it_may_not_and_who_does_not_finds_nothing(product, people, photo):
    ana, ben, cleo = people
    comment = await comment_of(product, ben, photo)
    with pytest.raises(Forbidden):
        await removed(product, cleo, comment)
    await product.go_private(ana)
    with pytest.raises(NotFound) as refusal:
        await removed(product, cleo, comment)
    assert refusal.value.code == "photo_not_found"
    assert await kinds(product, comment) == [PhotoCommented]


async def test_authors_delete_their_words_from_photos_they_no_longer_see(product, people, photo):
    ana, ben, cleo = people
    one, other = await comment_of(product, ben, photo), await comment_of(product, cleo, photo)
    await remove_photo(RemovePhoto(ana, photo), deps=product.deps, sight=product.sight)
    assert (await removed(product, ben, one)).recorded
    assert (await removed(product, ana, other)).recorded


async def test_words_of_someone_hidden_are_not_answered(product, people, photo):
    _, ben, cleo = people
    comment = await comment_of(product, ben, photo)
    await block_member(BlockMember(ben, cleo), deps=product.deps)
    with pytest.raises(Invalid) as refusal:
        await written(product, cleo, photo, reply_to=comment)
    assert refusal.value.field == "reply_to"
    assert (await written(product, ben, photo, reply_to=comment)).recorded
