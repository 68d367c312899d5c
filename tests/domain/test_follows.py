"""Follows: at once, or by request where the account is private."""

from domain import follows
from domain.errors import Invalid, NotFound
from domain.events import (
    FollowAccepted,
    FollowBarred,
    FollowRequested,
    FollowRequestEnded,
    FollowUnbarred,
    MemberFollowed,
    MemberUnfollowed,
)
from domain.follows import APART, evolve
from domain.members import NOBODY, Member
from tests.given import ANA, BEN, NOON, Given

PAIR = {"follower_id": BEN, "followed_id": ANA}
followed = MemberFollowed(at=NOON, **PAIR)
requested = FollowRequested(at=NOON, **PAIR)


def given(*events):
    return Given(evolve, APART, events)


def test_following_starts_once():
    given().when(follows.begin, BEN, ANA, NOON, private=False).then(followed)
    given(followed).when(follows.begin, BEN, ANA, NOON, private=False).then_nothing()
    given(followed).when(follows.begin, BEN, ANA, NOON, private=True).then_nothing()


def test_nobody_follows_themselves():
    given().when(follows.begin, ANA, ANA, NOON, private=False).then_refused("cannot_follow_self", Invalid)


def test_a_private_account_is_asked_once_and_accepts():
    asked = given().when(follows.begin, BEN, ANA, NOON, private=True).then(requested)
    asked.when(follows.begin, BEN, ANA, NOON, private=True).then_nothing()
    accepted = asked.when(follows.accept, BEN, ANA, NOON).then(FollowAccepted(at=NOON, **PAIR))
    accepted.when(follows.accept, BEN, ANA, NOON).then_nothing()
    accepted.when(follows.begin, BEN, ANA, NOON, private=True).then_nothing()


def test_a_request_is_followed_up_once_the_account_is_public():
    given(requested).when(follows.begin, BEN, ANA, NOON, private=False).then(followed)


def test_either_of_the_two_ends_it():
    for by in (ANA, BEN):
        given(followed).when(follows.end, BEN, ANA, by, NOON).then(MemberUnfollowed(at=NOON, by=by, **PAIR))
        given(requested).when(follows.end, BEN, ANA, by, NOON).then(FollowRequestEnded(at=NOON, by=by, **PAIR))
        given().when(follows.end, BEN, ANA, by, NOON).then_nothing()


def test_what_was_not_asked_is_not_accepted():
    given().when(follows.accept, BEN, ANA, NOON).then_refused("request_not_found", NotFound)


OPEN, SHUT = Member(ANA, exists=True), Member(ANA, exists=True, private=True)


def test_who_asked_is_let_in_once_the_account_is_open():
    accepted = FollowAccepted(at=NOON, **PAIR)
    given(requested).when(follows.accept_after_opening, OPEN, BEN, NOON).then(accepted)
    given(requested).when(follows.accept_after_opening, SHUT, BEN, NOON).then_nothing()
    given(requested).when(follows.accept_after_opening, NOBODY, BEN, NOON).then_nothing()
    given(followed).when(follows.accept_after_opening, OPEN, BEN, NOON).then_nothing()
    given().when(follows.accept_after_opening, OPEN, BEN, NOON).then_nothing()


def barred(version, by=ANA):
    return FollowBarred(at=NOON, by=by, block_version=version, **PAIR)


def unbarred(version, by=ANA):
    return FollowUnbarred(at=NOON, by=by, block_version=version, **PAIR)


def test_a_block_ends_what_stands_and_bars_it():
    for by in (ANA, BEN):
        ended = MemberUnfollowed(at=NOON, by=by, **PAIR), barred(1, by)
        given(followed).when(follows.hear, BEN, ANA, by, 1, NOON, standing=True).then(*ended)
        ended = FollowRequestEnded(at=NOON, by=by, **PAIR), barred(1, by)
        given(requested).when(follows.hear, BEN, ANA, by, 1, NOON, standing=True).then(*ended)
    given().when(follows.hear, BEN, ANA, ANA, 1, NOON, standing=True).then(barred(1))


def test_a_barred_follow_does_not_begin_until_every_block_has_ended():
    given(barred(1)).when(follows.begin, BEN, ANA, NOON, private=False).then_refused("member_not_found", NotFound)
    both = given(barred(1), barred(3, BEN), unbarred(2))
    both.when(follows.begin, BEN, ANA, NOON, private=False).then_refused("member_not_found", NotFound)
    both.when(follows.hear, BEN, ANA, BEN, 4, NOON, standing=False).then(unbarred(4, BEN)).when(
        follows.begin, BEN, ANA, NOON, private=False
    ).then(followed)


def test_an_older_or_repeated_word_of_a_block_changes_nothing():
    given(barred(1), unbarred(2)).when(follows.hear, BEN, ANA, ANA, 1, NOON, standing=True).then_nothing()
    given(barred(1)).when(follows.hear, BEN, ANA, ANA, 1, NOON, standing=True).then_nothing()
    given(unbarred(2), followed).when(follows.hear, BEN, ANA, ANA, 2, NOON, standing=False).then_nothing()
    given(unbarred(4)).when(follows.hear, BEN, ANA, ANA, 3, NOON, standing=True).then_nothing()
    given(barred(3)).when(follows.hear, BEN, ANA, ANA, 2, NOON, standing=False).then_nothing()
