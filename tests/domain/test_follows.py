"""Follows: at once, or by request where the account is private."""

from domain import follows
from domain.errors import Invalid, NotFound
from domain.events import FollowAccepted, FollowRequested, FollowRequestEnded, MemberFollowed, MemberUnfollowed
from domain.follows import APART, evolve
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
