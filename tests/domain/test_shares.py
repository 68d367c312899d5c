"""Shares: who may take a link back, and when it leads anywhere."""

from datetime import timedelta

import pytest

from domain import shares
from domain.errors import Invalid, NotFound
from domain.events import ShareCreated, ShareRevoked
from domain.ids import new_id
from domain.shares import NONE, ShareState
from domain.visibility import MemberState, PhotoState
from tests.given import ANA, BEN, NOON, Given, later

SHARE, PHOTO = (new_id(1, NOON, lambda _, n=number: n) for number in (4, 5))
CREATED = ShareCreated(
    at=NOON,
    share_id=SHARE,
    owner_id=ANA,
    subject=f"photo:{PHOTO}",
    expires_at=None,
    password_hash="",
    show_metadata=False,
)


def test_its_maker_takes_a_link_back_once():
    made = Given(shares.evolve, NONE, (CREATED,))
    made.when(shares.revoke, BEN, NOON).then_refused("share_not_found", NotFound)
    gone = made.when(shares.revoke, ANA, NOON).then(ShareRevoked(at=NOON, share_id=SHARE, owner_id=ANA))
    gone.when(shares.revoke, ANA, NOON).then_nothing()
    Given(shares.evolve, NONE, ()).when(shares.revoke, ANA, NOON).then_refused("share_not_found", NotFound)


def test_a_link_is_over_at_the_moment_that_it_says():
    state = ShareState(SHARE, ANA, f"photo:{PHOTO}", later(hours=1), "", show_metadata=False)
    assert shares.may_open(state, MemberState(ANA), later(hours=1) - timedelta(microseconds=1))
    assert not shares.may_open(state, MemberState(ANA), later(hours=1))
    assert not shares.may_open(state, MemberState(ANA, closed=True), NOON)
    assert (state.kind, state.subject_id) == ("photo", PHOTO)
    shares.check_expiry(None, NOON)
    with pytest.raises(Invalid):
        shares.check_expiry(NOON, NOON)


def test_what_is_gone_is_shown_by_no_link():
    photo = PhotoState(PHOTO, ANA, "ready", "private")
    assert shares.shows(photo, MemberState(ANA, private=True))
    for gone in ({"removed": True}, {"taken_down": True}, {"status": "processing"}):
        changed = PhotoState(**{"photo_id": PHOTO, "owner_id": ANA, "status": "ready", "audience": "public", **gone})
        assert not shares.shows(changed, MemberState(ANA))
    assert not shares.shows(photo, MemberState(ANA, taken_down=True))
