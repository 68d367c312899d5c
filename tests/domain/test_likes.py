"""Likes: given once, taken back once."""

from domain import likes
from domain.events import PhotoLiked, PhotoUnliked
from domain.likes import NONE, evolve
from tests.given import ANA, BEN, NOON, Given

ASKED = {"photo": "p", "owner": ANA, "member": BEN, "at": NOON}
FIELDS = {"photo_id": "p", "owner_id": ANA, "member_id": BEN, "at": NOON}


def test_a_like_is_given_once_and_taken_back_once():
    given = Given(evolve, NONE, ()).when(likes.give, **ASKED).then(PhotoLiked(**FIELDS))
    given.when(likes.give, **ASKED).then_nothing()
    taken = given.when(likes.withdraw, **ASKED).then(PhotoUnliked(**FIELDS))
    taken.when(likes.withdraw, **ASKED).then_nothing()
    taken.when(likes.give, **ASKED).then(PhotoLiked(**FIELDS))
