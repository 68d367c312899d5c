"""The visibility rule, as a table that people can read."""

import pytest

from domain.visibility import (
    Audience,
    MemberState,
    PhotoState,
    Relation,
    Status,
    belongs_in_feed,
    is_public,
    may_see_lists,
    may_see_member,
    may_see_photo,
    may_see_profile,
)
from tests.given import ANA, BEN

STRANGER = Relation()
FOLLOWER = Relation(following=True)
FOLLOWED = Relation(followed_by=True)
FRIEND = Relation(following=True, followed_by=True)
BLOCKER = Relation(blocking=True)
BLOCKED = Relation(blocked_by=True)
BOTH = Relation(blocking=True, blocked_by=True)
REQUESTED = Relation(requested=True, followed_by=True)


def photo(audience=Audience.PUBLIC, status=Status.READY, **more):
    return PhotoState("p", ANA, status, audience, **more)


OPEN, CLOSED = MemberState(ANA), MemberState(ANA, private=True)
GONE = [MemberState(ANA, closed=True), MemberState(ANA, taken_down=True)]


@pytest.mark.parametrize(
    ("audience", "owner", "relation", "seen"),
    [
        (Audience.PUBLIC, OPEN, STRANGER, True),
        (Audience.PUBLIC, CLOSED, STRANGER, False),
        (Audience.PUBLIC, CLOSED, REQUESTED, False),
        (Audience.PUBLIC, CLOSED, FOLLOWED, False),
        (Audience.PUBLIC, CLOSED, FOLLOWER, True),
        (Audience.FRIENDS, OPEN, STRANGER, False),
        (Audience.FRIENDS, OPEN, FOLLOWER, False),
        (Audience.FRIENDS, OPEN, FOLLOWED, False),
        (Audience.FRIENDS, OPEN, FRIEND, True),
        (Audience.FRIENDS, CLOSED, FRIEND, True),
        (Audience.PRIVATE, OPEN, FRIEND, False),
    ],
)
def test_who_sees_a_ready_photo_of_someone_else(audience, owner, relation, seen):
    assert may_see_photo(BEN, photo(audience), owner, relation) is seen


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("owner", [OPEN, CLOSED])
def test_owners_see_their_own_until_they_remove_it(audience, status, owner):
    assert may_see_photo(ANA, photo(audience, status), owner, STRANGER)
    assert not may_see_photo(ANA, photo(audience, status, removed=True), owner, STRANGER)


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.REJECTED])
def test_nobody_else_sees_a_photo_that_is_not_ready(status):
    assert not may_see_photo(BEN, photo(status=status), OPEN, FRIEND)


def test_public_is_what_anyone_sees_without_a_name():
    assert is_public(photo(), OPEN)
    assert not is_public(photo(), CLOSED)
    assert not is_public(photo(Audience.FRIENDS), OPEN)
    assert not is_public(photo(removed=True), OPEN)


@pytest.mark.parametrize(
    ("relation", "named", "profile"),
    [(STRANGER, True, True), (BLOCKER, False, True), (BLOCKED, False, False), (BOTH, False, True)],
)
def test_a_block_hides_each_from_the_other_but_whoever_blocks_still_sees_whom(relation, named, profile):
    assert may_see_member(BEN, OPEN, relation) is named
    assert may_see_profile(BEN, OPEN, relation) is profile
    assert may_see_lists(BEN, OPEN, relation) is named
    assert may_see_photo(BEN, photo(), OPEN, relation) is named


def test_a_follow_that_a_block_has_not_reached_yet_shows_nothing():
    assert not may_see_photo(BEN, photo(), CLOSED, Relation(following=True, followed_by=True, blocked_by=True))


def test_a_mute_hides_nothing_but_the_feed():
    muted = Relation(following=True, muted=True)
    assert may_see_photo(BEN, photo(), OPEN, muted)
    assert may_see_member(BEN, OPEN, muted)
    assert not belongs_in_feed(BEN, photo(), muted)
    assert belongs_in_feed(BEN, photo(), FOLLOWER)
    assert not belongs_in_feed(BEN, photo(), FOLLOWED)
    assert belongs_in_feed(ANA, photo(), STRANGER)


@pytest.mark.parametrize("owner", GONE)
@pytest.mark.parametrize("viewer", [ANA, BEN, None])
def test_nobody_sees_a_member_who_is_gone_nor_anything_of_theirs(owner, viewer):
    assert not may_see_member(viewer, owner, FRIEND)
    assert not may_see_profile(viewer, owner, BLOCKER)
    assert not may_see_lists(viewer, owner, FRIEND)
    assert not may_see_photo(viewer, photo(), owner, FRIEND)
    assert not is_public(photo(), owner)


@pytest.mark.parametrize("viewer", [ANA, BEN, None])
def test_nobody_sees_a_photo_that_was_taken_down(viewer):
    assert not may_see_photo(viewer, photo(taken_down=True), OPEN, FRIEND)
