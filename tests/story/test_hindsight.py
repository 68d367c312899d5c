"""A random history over HTTP, asked of the past: `as-of` says what the API answered then, `why` what a naive model does."""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from commands.members import find_member
from domain.errors import NotFound
from infra.analysis.past import NEEDED, Past, scratch
from infra.core import Core
from projections.catalogue import BY_NAME, CATALOGUE
from streams.delivery import held
from streams.explaining import Rule, why
from streams.fanout import FanOut
from streams.moments import Moment, reached_at
from streams.replay import Until, replay
from tests.infra.cli.running import core_of, follow, say
from tests.people import logged_in, person
from tests.serving import Server
from tests.story.hindsight import ANYONE, Hindsight, Look
from tests.story.history import WEIGHTS, History

pytestmark = pytest.mark.timeout(900)
THRESHOLDS = {"FILMROLL_CELEBRITY_UP": "3", "FILMROLL_CELEBRITY_DOWN": "2", "FILMROLL_ERASE_AFTER_S": "100000"}
"""Authors become celebrities, and cease to be; who closes their account is not erased while this runs."""
OFTEN = {**WEIGHTS, "publish": 9, "follow": 24, "mute": 5, "audience": 8, "unfollow": 3}
STRETCH = 35
SHOWN = {Rule.OWN, Rule.FOLLOWED, Rule.FOLLOWED_LATER}
PASSING = {Rule.PROCESSING, Rule.REJECTED, Rule.UNKNOWN, Rule.OTHER}
"""What no photo of this history is for long; a history without a server meets these."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> tuple[Path, list[Look]]:
    """The data folder of a server that has ended, and what was seen as it ran."""
    server = Server(tmp_path_factory.mktemp("hindsight") / "data", "--logs", "3", environment=THRESHOLDS).start()
    try:
        person(server.url, "judge")
        granted = [Path(sys.executable).parent / "filmroll", "members", "grant", "judge", "moderator"]
        subprocess.run([*granted, "--data", str(server.data)], check=True, capture_output=True)
        history = History(server.url, seed=6, members=4, weights=OFTEN)
        history.curious = 0  # others look at what acts at once
        lives = Hindsight(history, logged_in(server.url, "judge"))
        for suspended in (lives.photo, lives.comment, lives.member):
            lives.live(STRETCH)
            lives.suspend(suspended)
        lives.live(STRETCH)
        lives.leave()
        assert history.done.keys() == WEIGHTS.keys()
    finally:
        server.stop()
    return server.data, lives.looks


@asynccontextmanager
async def past_at(core: Core, look: Look) -> AsyncIterator[Past]:
    """All that may be asked of a moment."""
    log = Until(core.store, await reached_at(core.store, Moment(look.at)))
    with tempfile.TemporaryDirectory() as folder:
        async with scratch(Path(folder), log.through, personal=True) as models:
            await replay([BY_NAME[name] for name in {*sum(NEEDED.values(), ())}], log=log, models=models)
            yield Past(models, log, look.at)


def without_files(photo: dict) -> dict:
    return {name: value for name, value in photo.items() if name != "image"}


async def test_every_answer_of_the_past_is_what_was_answered_then(lived) -> None:
    data, looks = lived
    async with core_of(data) as core:
        for look in looks:
            async with past_at(core, look) as past:
                for reader, feed in look.feeds.items():
                    told = [without_files(photo) async for photo in past.feed(reader)]
                    assert json.loads(json.dumps(told)) == list(map(without_files, feed)), (look.at, reader)
                    for photo in feed:
                        counts = await past.counts(photo["photo_id"])
                        assert counts == {name: photo["counts"][name] for name in counts}
                for (viewer, member), profile in look.profiles.items():
                    if profile is None:
                        with pytest.raises(NotFound):
                            await past.profile(member, viewer or None)
                    else:
                        assert await past.profile(member, viewer or None) == profile, (look.at, viewer, member)
    assert any(profile is None for look in looks for profile in look.profiles.values())


def test_the_command_line_says_the_same(lived) -> None:
    data, looks = lived
    for look in random.Random(1).sample(looks, 2):
        reader, feed = max(look.feeds.items(), key=lambda each: len(each[1]))
        at = look.at.isoformat()
        then = map(json.loads, say("as-of", at, "feed", reader, "--data", data).splitlines())
        assert list(map(without_files, then)) == list(map(without_files, feed))
        for viewer in (reader, ANYONE):
            own = ["--as", viewer] if viewer else []
            member = next(of for by, of in look.profiles if by == viewer and look.profiles[by, of] is not None)
            seen = say("as-of", at, "profile", member, *own, "--data", data)
            assert json.loads(seen) == look.profiles[viewer, member]
        photo = feed[0]
        counts = json.loads(say("as-of", at, "counts", photo["photo_id"], "--data", data))
        assert counts == {name: photo["counts"][name] for name in counts}
        for photo_id in sorted(photo for by, photo in look.reasons if by == reader)[:4]:
            rule = look.reasons[reader, photo_id]
            told = say("why", reader, photo_id, "--until", at, "--data", data).splitlines()
            assert told[0] == f"{photo_id} is {'' if rule in SHOWN else 'not '}in the feed of {reader}: {rule}."


def test_before_anything_happened_there_is_nothing(lived) -> None:
    data, looks = lived
    reader, photo = next(iter(looks[-1].reasons))
    yesterday = (looks[0].at - timedelta(days=1)).isoformat()
    counts = say("as-of", yesterday, "counts", photo, "--data", data)
    assert json.loads(counts) == {"likes": 0, "comments": 0}
    for asked in ((photo, "--until", yesterday), ("0000000000000",)):
        assert ": there is no such photo." in say("why", reader, *asked, "--data", data)


async def test_why_is_what_a_naive_model_says_for_every_member_and_photo(lived) -> None:
    data, looks = lived
    async with core_of(data) as core:
        ids = await ids_of(core, {name for look in looks for name, _ in look.reasons})
        for look in looks:
            log = Until(core.store, await reached_at(core.store, Moment(look.at)))
            for (reader, photo), rule in look.reasons.items():
                reason = await why(log, ids[reader], photo)
                assert reason.rule is rule, (look.at, reader, photo)
                assert reason.shown is (photo in [each["photo_id"] for each in look.feeds[reader]])
    assert {rule for look in looks for rule in look.reasons.values()} == set(Rule) - PASSING


async def test_what_is_said_to_be_fanned_out_lies_in_the_live_timelines(lived) -> None:
    data, looks = lived
    async with core_of(data) as core:
        await follow(core, CATALOGUE)
        await FanOut(core.queries.chunks).drain()
        ids = await ids_of(core, {name for name, _ in looks[-1].reasons})
        rows = []
        for reader, photo in looks[-1].reasons:
            reason = await why(core.store, ids[reader], photo)
            assert reason.owner is not None
            there = await held(core.queries.timelines, ids[reader], reason.owner, photo)
            assert there.row is (reason.delivery.written is not None), (reader, photo)
            rows.append(there.row)
    assert any(rows)
    assert not all(rows)


async def ids_of(core: Core, names: set[str]) -> dict[str, str]:
    return {name: await find_member(core.deps, name, core.installation.fingerprint) for name in names}
