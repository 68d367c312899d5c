"""Mutes: they begin and end."""

from domain import mutes
from domain.errors import Invalid
from domain.events import MemberMuted, MemberUnmuted
from domain.homes import Stream
from domain.ids import slot_of
from domain.mutes import NONE, evolve
from tests.given import ANA, BEN, NOON, Given

PAIR = {"muter_id": ANA, "muted_id": BEN}


def test_a_mute_begins_once_and_ends_once():
    begun = Given(evolve, NONE, ()).when(mutes.begin, ANA, BEN, NOON).then(MemberMuted(at=NOON, **PAIR))
    begun.when(mutes.begin, ANA, BEN, NOON).then_nothing()
    ended = begun.when(mutes.end, ANA, BEN, NOON).then(MemberUnmuted(at=NOON, **PAIR))
    ended.when(mutes.end, ANA, BEN, NOON).then_nothing()


def test_nobody_mutes_themselves():
    Given(evolve, NONE, ()).when(mutes.begin, ANA, ANA, NOON).then_refused("cannot_mute_self", Invalid)


def test_it_lies_with_the_one_who_mutes():
    assert mutes.stream(ANA, BEN) == Stream(f"mute-{ANA}-{BEN}", slot_of(ANA))
