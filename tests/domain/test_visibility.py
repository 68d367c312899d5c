"""The visibility rule, as a table that people can read."""

import pytest

from domain.visibility import Audience, MemberState, PhotoState, Relation, Status, is_public, may_see_photo
from tests.given import ANA, BEN

STRANGER = Relation()
FOLLOWER = Relation(following=True)
FOLLOWED = Relation(followed_by=True)
FRIEND = Relation(following=True, followed_by=True)
REQUESTED = Relation(requested=True, followed_by=True)


def photo(audience=Audience.PUBLIC, status=Status.READY, *, removed=False):
    return PhotoState("p", ANA, status, audience, removed)


OPEN, CLOSED = MemberState(ANA), MemberState(ANA, private=True)


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
