"""`filmroll why`: whether a photo is fanned out or merged into a feed, and what the live timelines hold of it."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from commands.members import username_claim
from commands.ports import Context, Write
from domain.events import MemberRegistered, UsernameClaimed
from projections.catalogue import CATALOGUE
from streams.fanout import FanOut
from tests.infra.cli.running import core_of, follow, record, say
from tests.projections.histories import World
from tests.streams.memory_log import START, MemoryLog

TODAY = (datetime.now(UTC) - START) // timedelta(minutes=1) - 600
LONG_AGO = TODAY - 200 * 24 * 60
OWNER, READER = 0, 1
FANNED_OUT = "Fanned out: written into their timeline by photo.uploaded.v1."
MERGED = "Merged at read: its owner is a celebrity."
UNFINISHED = "Live timelines: merged at read, for the fan-out of its owner is unfinished."


class Told:
    """An installation of a world, whose events are recorded and fed to the read models when that is asked."""

    def __init__(self, data):
        self.data = data
        self.world = World(MemoryLog(), minute=TODAY)
        self.recorded = 0

    def level(self, *, feed=True, fan_out=False):
        asyncio.run(self._level(feed=feed, fan_out=fan_out))

    async def _level(self, *, feed, fan_out):
        new = MemoryLog()
        new.facts[0] = self.world.log.facts[0][self.recorded :]
        self.recorded += len(new.facts[0])
        async with core_of(self.data) as core:
            for event in (fact.event for fact in new.facts[0]):
                if isinstance(event, MemberRegistered):
                    claim = username_claim(event.username, core.installation.fingerprint).stream
                    claimed = UsernameClaimed(at=event.at, member_id=event.member_id)
                    await core.store.append([Write(claim, 0, (claimed,))], Context(trace_id="trace"))
            await record(core.store, new)
            if feed:
                await follow(core, CATALOGUE)
            if fan_out:
                await FanOut(core.queries.chunks).drain()

    def why(self, reader, photo, *more):
        """The sentences of the answer without times and positions, and the names of the events behind it."""
        known = [fact.event for fact in self.world.log.facts[0] if isinstance(fact.event, MemberRegistered)]
        said = say("why", known[reader].username, list(self.world.photos)[photo], *more, "--data", self.data)
        lines = said.splitlines()
        sentences = [re.sub(r" at 0:\d+, [^;]*\d\d:\d\d(?=[.;])", "", line) for line in lines if line[0] != "{"]
        return sentences, [json.loads(line)["event_type"] for line in lines if line[0] == "{"]


@pytest.fixture
def told(tmp_path):
    made = Told(tmp_path / "data")
    made.world.live(*[("join", 0, 0, 0)] * 2, ("follow", READER, OWNER, 0))
    return made


def test_what_is_fanned_out_and_what_is_merged_is_told_with_the_facts_that_made_it_so(told):
    told.world.live(("upload", OWNER, 0, 0), ("process", 0, 1, 1), ("fame", OWNER, 0, 0))
    told.world.live(("upload", OWNER, 0, 0), ("process", 1, 1, 1))
    told.level()
    sentences, facts = told.why(READER, 0)
    assert sentences[0].endswith("they follow its owner, and did when it was published.")
    assert sentences[1:] == [FANNED_OUT, MERGED, "Live timelines: its row is there."]
    assert facts == ["follow.started.v1", "photo.uploaded.v1", "photo.processed.v2", "author.became_celebrity.v1"]
    assert told.why(READER, 1)[0][1:] == [MERGED]
    told.world.live(("fame", OWNER, 0, 0))
    told.level()
    ceased = FANNED_OUT.replace("photo.uploaded.v1", "author.ceased_celebrity.v1")
    assert told.why(READER, 1)[0][1:] == [ceased, UNFINISHED]
    told.level(fan_out=True)
    assert told.why(READER, 1)[0][1:] == [ceased, "Live timelines: its row is there."]


def test_what_a_rule_keeps_out_is_told_to_be_written_all_the_same(told):
    told.world.live(("upload", OWNER, 0, 0), ("process", 0, 1, 1), ("mute", READER, OWNER, 0))
    told.level()
    sentences, facts = told.why(READER, 0)
    assert " is not in the feed of " in sentences[0]
    assert sentences[0].endswith(": they mute its owner.")
    assert sentences[1:] == [f"{FANNED_OUT[:-1]}; left out when it is read.", "Live timelines: its row is there."]
    assert facts[-1] == "mute.started.v1"


def test_what_nobody_wrote_is_told_to_be_read_from_its_owners_list(told):
    told.world.minute = LONG_AGO
    told.world.live(("upload", OWNER, 0, 0), ("process", 0, 1, 1))
    told.level()
    assert told.why(READER, 0)[0][1:] == ["Read from its owner's list: it is older than what timelines hold."]


def test_live_timelines_that_lack_a_row_are_told_apart_from_the_past(told):
    told.world.live(("upload", OWNER, 0, 0), ("process", 0, 1, 1))
    told.level(feed=False)
    assert told.why(READER, 0)[0][1:] == [FANNED_OUT, "Live timelines: its row is not there (yet)."]
    assert told.why(READER, 0, "--until", f"0:{told.recorded + 2}")[0][1:] == [FANNED_OUT]
    assert told.why(OWNER, 0)[0][1:] == [FANNED_OUT, "Live timelines: its row is not there (yet)."]
