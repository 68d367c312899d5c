"""Why: for every member and photo of a random run, the reason that a naive model gives."""

import random

import pytest

from domain import members, photos
from domain.events import MemberClosed, MemberTakenDown, PhotoTakedownLifted, PhotoTakenDown
from streams.explaining import Rule, why
from streams.replay import Until
from tests.projections.histories import VERBS, World
from tests.streams.memory_log import START, MemoryLog


class Witness:
    """Watches a world and remembers in which order it published and followed."""

    def __init__(self, world):
        self.world = world
        self.moment = 0
        self.published = {}
        self.began = {}

    def look(self):
        self.moment += 1
        for photo in self.world.photos:
            self.published.setdefault(photo, self.moment)
        standing = {pair for pair, state in self.world.follows.items() if state == "yes"}
        self.began = {pair: self.began.get(pair, self.moment) for pair in standing}

    def reason(self, viewer, photo):
        known, world = self.world.photos[photo], self.world
        pair = (viewer, known["owner_id"])
        if known["removed"]:
            return Rule.REMOVED
        if known.get("down"):
            return Rule.TAKEN_DOWN
        if known["owner_id"] in world.left:
            return Rule.CLOSED
        if known["owner_id"] in world.down:
            return Rule.OWNER_TAKEN_DOWN
        if viewer == known["owner_id"]:
            return Rule.OWN
        if world.barred(*pair):
            return Rule.BLOCKED
        if world.follows.get(pair) != "yes":
            return Rule.REQUESTED if pair in world.follows else Rule.NOT_FOLLOWING
        if pair in world.mutes:
            return Rule.MUTED
        if known["status"] != "ready":
            return {"processing": Rule.PROCESSING, "rejected": Rule.REJECTED}[known["status"]]
        if known["audience"] == "private":
            return Rule.PRIVATE
        if known["audience"] == "friends" and world.follows.get(pair[::-1]) != "yes":
            return Rule.FRIENDS_ONLY
        return Rule.FOLLOWED_LATER if self.began[pair] > self.published[photo] else Rule.FOLLOWED


SHOWN = {Rule.OWN, Rule.FOLLOWED, Rule.FOLLOWED_LATER}
DRAWN = (*VERBS, *["follow"] * 6, "upload", *["process"] * 3, "comment", "moderate", "moderate", "leave")
RARELY = {"leave": 0.1, "moderate": 0.5}
"""Who has left does not come back, so few do."""


def step(draw):
    verb = draw.choice(DRAWN)
    while draw.random() > RARELY.get(verb, 1):
        verb = draw.choice(DRAWN)
    return verb, *(draw.randrange(below) for below in (60, 20, 60))


@pytest.mark.parametrize("seed", range(8))
async def test_the_reason_is_the_naive_models_own(seed):
    log, draw = MemoryLog(4), random.Random(seed)
    world = World(log)
    witness = Witness(world)
    seen = set()
    for _ in range(6):
        for _ in range(30):
            world.live(step(draw))
            witness.look()
        for viewer in world.members:
            for photo in world.photos:
                expected, found = witness.reason(viewer, photo), await why(log, viewer, photo)
                assert (found.rule, found.shown) == (expected, expected in SHOWN)
                assert list(found.facts) == sorted(found.facts, key=lambda fact: fact.recorded_at)
                assert found.facts
                seen.add(found.rule)
    assert seen & SHOWN
    assert len(seen) > 5


async def test_between_them_random_runs_meet_every_reason():
    met = set()
    for seed in range(24):
        draw = random.Random(seed)
        world = World(MemoryLog(4))
        for _ in range(180):
            world.live(step(draw))
        for viewer in world.members:
            for photo in world.photos:
                met.add((await why(world.log, viewer, photo)).rule)
    assert met == set(Rule) - {Rule.UNKNOWN, Rule.OTHER}


async def test_what_nobody_published_is_unknown():
    world = World(MemoryLog()).live(("join", 0, 0, 0), ("upload", 0, 0, 0))
    (viewer,), (photo,) = world.members, world.photos
    for unknown in ("0000000000000", "not an id", viewer):
        reason = await why(world.log, viewer, unknown)
        assert (reason.rule, reason.shown, reason.facts) == (Rule.UNKNOWN, False, ())
    before = await why(Until(world.log, {0: 0}), viewer, photo)
    assert before.rule is Rule.UNKNOWN


async def test_what_a_moderator_took_down_or_a_closed_account_hides_is_said_to_be():
    world = World(MemoryLog(2)).live(("join", 0, 0, 0), ("join", 0, 0, 0), ("upload", 0, 0, 0), ("process", 0, 0, 0))
    log, (photo, known) = world.log, next(iter(world.photos.items()))
    owner, of_photo, of_owner = known["owner_id"], photos.stream(photo), members.stream(known["owner_id"])
    assert (await why(log, owner, photo)).rule is Rule.OWN
    by = {"at": START, "by": "moderator"}
    down = PhotoTakenDown(**by, photo_id=photo, owner_id=owner, status="ready", audience="public")
    log.append(of_photo.slot, of_photo.name, down)
    reason = await why(log, owner, photo)
    assert (reason.shown, reason.rule) == (False, Rule.TAKEN_DOWN)
    lifted = PhotoTakedownLifted(**by, photo_id=photo, owner_id=owner, status="ready", audience="public")
    log.append(of_photo.slot, of_photo.name, lifted)
    assert (await why(log, owner, photo)).rule is Rule.OWN
    log.append(of_owner.slot, of_owner.name, MemberTakenDown(**by, member_id=owner, private=False))
    assert (await why(log, owner, photo)).rule is Rule.OWNER_TAKEN_DOWN
    log.append(of_owner.slot, of_owner.name, MemberClosed(at=START, member_id=owner, private=False, taken_down=True))
    reason = await why(log, owner, photo)
    assert (reason.shown, reason.rule) == (False, Rule.CLOSED)
    assert any(isinstance(fact.event, MemberClosed) for fact in reason.facts)
