"""`filmroll letters`: list, show, retry and drop, over an installation whose code was wrong for a while."""

import asyncio
import json
from dataclasses import replace

import pytest

from projections.catalogue import BY_NAME
from projections.likes import LIKES
from streams.rebuild import catch_up
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, core_of, installation, say


def choke(fact, look):
    """The code as it was before it was mended."""
    raise KeyError("no such thing")


@pytest.fixture
def data(tmp_path):
    made = installation(tmp_path / "data", lively(5).live(("like", 0, 0, 0), ("like", 2, 1, 0), ("like", 0, 1, 0)))

    async def feed():
        async with core_of(made) as core:
            (live,) = [each.model for each in await core.models.status() if each.model.projection == "likes"]
            await catch_up(live, replace(LIKES, project=choke), log=core.store, models=core.models)

    asyncio.run(feed())
    return made


def letters(data):
    return [json.loads(line) for line in say("letters", "list", "--json", "--data", data).splitlines()]


def test_letters_are_listed_and_shown_by_stream(data):
    found = letters(data)
    assert found
    assert {each["build"] for each in found} == {"likes@1"}
    streams = [each["stream"] for each in found]
    assert len(set(streams)) == sum(before != after for before, after in zip([None, *streams], streams, strict=False))
    firsts = {each["stream"]: each["error"] for each in reversed(found)}
    assert len(firsts) > 2
    assert set(firsts.values()) == {"KeyError: 'no such thing'"}
    shown = say("letters", "show", "likes@1", found[0]["position"], "--data", data)
    assert found[0]["stream"] in shown
    assert 'raise KeyError("no such thing")' in shown
    assert "likes@1" in say("letters", "list", "likes", "--data", data)
    assert say("letters", "list", "photos", "--json", "--data", data) == ""


def test_once_the_code_is_mended_a_retry_leaves_nothing_and_verifies(data):
    one, count = letters(data)[0], len(letters(data))
    of_stream = sum(each["stream"] == one["stream"] for each in letters(data))
    said = say("letters", "retry", "likes@1", one["position"], "--data", data)
    assert said.startswith(f"{of_stream} applied, 0 still parked")
    assert say("letters", "retry", "likes", "--data", data).startswith(f"{count - of_stream} applied, 0 still parked")
    assert letters(data) == []
    say("projections", "rebuild", "likes", "--data", data)
    say("projections", "verify", "likes", "--data", data)


def test_while_the_code_is_wrong_a_retry_says_so(data, monkeypatch):
    monkeypatch.setitem(BY_NAME, "likes", replace(LIKES, project=choke))
    assert "0 applied" in say("letters", "retry", "likes@1", "--data", data, code=1)


def test_a_letter_is_given_up(data):
    first = letters(data)[0]["position"]
    assert "given up" in say("letters", "drop", "likes@1", first, "--data", data)
    assert "nothing is parked" in complaint("letters", "drop", "likes@1", first, "--data", data)
    assert "nothing is parked" in complaint("letters", "show", "likes@1", first, "--data", data)
    assert first not in [each["position"] for each in letters(data)]
