"""Mutes: one small stream for each ordered pair, at the home of the one who mutes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.errors import Invalid
from domain.events import Event, MemberMuted, MemberUnmuted
from domain.homes import Stream
from domain.ids import MemberId, slot_of


@dataclass(frozen=True, slots=True)
class Mute:
    """What is true of an ordered pair now."""

    standing: bool = False


NONE: Final = Mute()


def stream(muter_id: MemberId, muted_id: MemberId) -> Stream:
    """Where the pair is recorded: with the one who mutes."""
    return Stream(f"mute-{muter_id}-{muted_id}", slot_of(muter_id))


def evolve(mute: Mute, event: Event) -> Mute:
    """What one event changes."""
    match event:
        case MemberMuted():
            return Mute(standing=True)
        case MemberUnmuted():
            return NONE
        case _:
            return mute


def begin(mute: Mute, muter: MemberId, muted: MemberId, at: datetime) -> list[Event]:
    """Mute someone; muting twice changes nothing."""
    if muter == muted:
        raise Invalid("cannot_mute_self", "Members do not mute themselves.")
    return [] if mute.standing else [MemberMuted(at=at, muter_id=muter, muted_id=muted)]


def end(mute: Mute, muter: MemberId, muted: MemberId, at: datetime) -> list[Event]:
    """Take a mute back, if it stands."""
    return [MemberUnmuted(at=at, muter_id=muter, muted_id=muted)] if mute.standing else []
