"""Takedowns: what can be hidden, and what lifting one shows again."""

import pytest

from domain import comments, members, moderation, photos
from domain.errors import Invalid, NotFound
from domain.events import (
    CommentTakedownLifted,
    CommentTakenDown,
    MemberClosed,
    MemberTakedownLifted,
    MemberTakenDown,
    PhotoErased,
    PhotoTakedownLifted,
    PhotoTakenDown,
)
from domain.moderation import Subject, subject_of
from tests.domain.test_comments import edited, written
from tests.domain.test_comments import removed as deleted
from tests.domain.test_members import registered
from tests.domain.test_photos import processed, removed, uploaded
from tests.given import ANA, CLEO, NOON, Given, later

SHOWN = {"photo_id": uploaded.photo_id, "owner_id": ANA, "status": "ready", "audience": "public", "by": CLEO}
photo_hidden, photo_shown = PhotoTakenDown(at=NOON, **SHOWN), PhotoTakedownLifted(at=NOON, **SHOWN)
SAID = {name: getattr(written, name) for name in ("comment_id", "photo_id", "owner_id", "member_id")}
comment_hidden = CommentTakenDown(at=NOON, by=CLEO, **SAID)
member_hidden = MemberTakenDown(at=NOON, member_id=ANA, private=False, by=CLEO)


def photo(*events):
    return Given(photos.evolve, photos.NO_PHOTO, events)


def comment(*events):
    return Given(comments.evolve, comments.NONE, events)


def member(*events):
    return Given(members.evolve, members.NOBODY, events)


@pytest.mark.parametrize("kind", ["photo", "comment", "member"])
def test_a_subject_is_written_as_it_is_read(kind):
    subject = subject_of(f"{kind}:{ANA}")
    assert subject == Subject(kind, ANA)
    assert str(subject) == f"{kind}:{ANA}"


@pytest.mark.parametrize("text", ["", "photo", "photo:", "photo:nonsense", f"album:{ANA}", ANA, f"Photo:{ANA}"])
def test_what_can_be_no_subject_is_refused(text):
    with pytest.raises(Invalid) as refusal:
        subject_of(text)
    assert refusal.value.field == "subject"


def test_a_photo_is_hidden_once_and_shown_once():
    hidden = photo(uploaded, processed).when(moderation.take_photo_down, CLEO, NOON).then(photo_hidden)
    hidden.when(moderation.take_photo_down, CLEO, NOON).then_nothing()
    shown = hidden.when(moderation.show_photo, CLEO, NOON).then(photo_shown)
    shown.when(moderation.show_photo, CLEO, NOON).then_nothing()


@pytest.mark.parametrize("past", [(), (uploaded,), (uploaded, processed, removed)], ids=["none", "waiting", "trash"])
def test_only_a_photo_that_others_could_see_is_hidden(past):
    photo(*past).when(moderation.take_photo_down, CLEO, NOON).then_refused("photo_not_found", NotFound)


def test_there_is_no_takedown_of_a_photo_that_never_was_or_is_erased():
    photo().when(moderation.show_photo, CLEO, NOON).then_refused("photo_not_found", NotFound)
    erased = PhotoErased(at=NOON, photo_id=uploaded.photo_id, owner_id=ANA)
    photo(uploaded, processed, photo_hidden, erased).when(moderation.show_photo, CLEO, NOON).then_nothing()


def test_a_comment_is_hidden_once_and_shown_with_its_last_words():
    hidden = comment(written, edited).when(moderation.take_comment_down, CLEO, NOON).then(comment_hidden)
    hidden.when(moderation.take_comment_down, CLEO, NOON).then_nothing()
    lifted = CommentTakedownLifted(
        at=NOON,
        by=CLEO,
        text="Oh @ana",
        reply_to=None,
        mentions=("ana",),
        written_at=NOON,
        edited_at=later(hours=1),
        **SAID,
    )
    shown = hidden.when(moderation.show_comment, CLEO, NOON).then(lifted)
    shown.when(moderation.show_comment, CLEO, NOON).then_nothing()


def test_there_is_no_takedown_of_a_comment_that_never_was_or_is_deleted():
    for choose in (moderation.take_comment_down, moderation.show_comment):
        comment().when(choose, CLEO, NOON).then_refused("comment_not_found", NotFound)
    gone = comment(written, deleted(CLEO))
    gone.when(moderation.take_comment_down, CLEO, NOON).then_refused("comment_not_found", NotFound)
    comment(written, comment_hidden, deleted(CLEO)).when(moderation.show_comment, CLEO, NOON).then_nothing()


def test_a_member_is_hidden_once_and_shown_as_they_are_now():
    hidden = member(registered).when(moderation.take_member_down, CLEO, NOON).then(member_hidden)
    hidden.when(moderation.take_member_down, CLEO, NOON).then_nothing()
    lifted = MemberTakedownLifted(at=NOON, member_id=ANA, private=False, closed=False, by=CLEO)
    shown = hidden.when(moderation.show_member, CLEO, NOON).then(lifted)
    shown.when(moderation.show_member, CLEO, NOON).then_nothing()
    closed = member(registered, member_hidden, MemberClosed(at=NOON, member_id=ANA, private=False, taken_down=True))
    closed.when(moderation.show_member, CLEO, NOON).then(
        MemberTakedownLifted(at=NOON, member_id=ANA, private=False, closed=True, by=CLEO)
    )


def test_whoever_is_not_there_can_neither_be_hidden_nor_shown():
    for choose in (moderation.take_member_down, moderation.show_member):
        member().when(choose, CLEO, NOON).then_refused("member_not_found", NotFound)
    closed = member(registered, MemberClosed(at=NOON, member_id=ANA, private=False, taken_down=False))
    closed.when(moderation.take_member_down, CLEO, NOON).then_refused("member_not_found", NotFound)
