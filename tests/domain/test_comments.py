"""Comments: edited by their authors alone, deleted once."""

from domain import comments
from domain.comments import NONE, Comment, evolve
from domain.errors import Forbidden, NotFound
from domain.events import CommentEdited, CommentRemoved, PhotoCommented
from domain.ids import new_id, slot_of
from tests.given import ANA, BEN, CLEO, NOON, Given, later

OF = {"comment_id": "c", "photo_id": "p", "owner_id": ANA, "member_id": BEN}
written = PhotoCommented(at=NOON, text="Hm", reply_to=None, mentions=(), **OF)
edited = CommentEdited(at=later(hours=1), text="Oh @ana", mentions=("ana",), **OF)


def given(*events):
    return Given(evolve, NONE, events)


def removed(by):
    return CommentRemoved(at=NOON, by=by, **OF)


def test_its_author_edits_it_and_the_same_words_again_record_nothing():
    after = given(written).when(comments.edit, BEN, "Oh @ana", later(hours=1)).then(edited)
    assert after.state == Comment(written, "Oh @ana", edited_at=later(hours=1))
    after.when(comments.edit, BEN, "Oh @ana", later(hours=2)).then_nothing()
    back = after.when(comments.edit, BEN, "Hm", NOON).then(CommentEdited(at=NOON, text="Hm", mentions=(), **OF))
    assert back.state == Comment(written, "Hm", edited_at=NOON)


def test_nobody_else_edits_it():
    for member in (ANA, CLEO):
        given(written).when(comments.edit, member, "Oh", NOON).then_refused("forbidden", Forbidden)


def test_author_owner_and_moderator_delete_it():
    for by, moderator in ((BEN, False), (ANA, False), (CLEO, True)):
        gone = given(written).when(comments.remove, by, NOON, moderator=moderator).then(removed(by))
        gone.when(comments.remove, by, NOON, moderator=moderator).then_nothing()
    given(written).when(comments.remove, CLEO, NOON).then_refused("forbidden", Forbidden)
    given(written, removed(BEN)).when(comments.remove, CLEO, NOON).then_refused("forbidden", Forbidden)


def test_what_is_deleted_is_not_edited_and_what_never_was_is_neither():
    for past in ((), (written, removed(BEN))):
        given(*past).when(comments.edit, BEN, "Oh", NOON).then_refused("comment_not_found", NotFound)
    given().when(comments.remove, BEN, NOON, moderator=True).then_refused("comment_not_found", NotFound)


def test_a_comment_is_found_by_its_id_alone():
    comment = new_id(513, NOON)
    assert comments.stream(comment).slot == slot_of(comment) == 513
    assert comment in comments.stream(comment).name
