"""`filmroll trace` over an installation: events found by trace and request, their read models, their dead letters."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from commands.ports import Context, Write
from domain.homes import Stream
from projections.catalogue import BY_NAME, CATALOGUE
from projections.likes import LIKES
from streams.rebuild import catch_up
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, core_of, say


def choke(fact, look):
    """Code that is wrong."""
    raise KeyError("no such thing")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Likes under one request's trace, everything else under another's; likes can't be applied, comments wait."""
    made = tmp_path_factory.mktemp("trace") / "data"

    async def make():
        async with core_of(made, logs=3) as core:
            world = lively(5).live(("like", 0, 0, 0), ("like", 2, 1, 0))
            facts = [fact for facts in world.log.facts.values() for fact in facts]
            for fact in sorted(facts, key=lambda fact: fact.recorded_at):
                liked = fact.stream.startswith("like-")
                context = Context("0" * 31 + "a", "the-like", "") if liked else Context("0" * 31 + "b", "rest", "")
                write = Write(Stream(fact.stream, fact.position.log), fact.version - 1, (fact.event,))
                await core.store.append([write], context)
            for each in await core.models.status():
                name = each.model.projection
                if name != "comments":
                    code = replace(LIKES, project=choke) if name == "likes" else BY_NAME[name]
                    await catch_up(each.model, code, log=core.store, models=core.models)

    asyncio.run(make())
    return made


def traced(data, *words):
    return [json.loads(line) for line in say("trace", *words, "--json", "--data", data).splitlines()]


def test_a_request_is_found_by_its_trace_and_by_its_own_id(data):
    by_trace, by_request = traced(data, "0" * 31 + "a"), traced(data, "the-like")
    every = [json.loads(line) for line in say("events", "tail", "-n", 10_000, "--data", data).splitlines()]
    expected = [one["position"] for one in every if one["causation_id"] == "the-like"]
    assert by_trace == by_request
    assert [each["position"] for each in by_trace] == expected != []
    assert {each["stream"].split("-")[0] for each in by_trace} == {"like"}
    assert {each["event_type"] for each in by_trace} <= {"photo.liked.v1", "photo.unliked.v1"}
    times = [each["recorded_at"] for each in by_trace]
    assert times == sorted(times)


def test_it_tells_applied_from_waiting_and_from_dead_letters(data):
    for each in traced(data, "the-like"):
        assert "counters@1" in each["applied"]
        assert each["waiting"] == ["comments@1"]
        assert list(each["parked"]) == ["likes@1"]
        assert "likes@1" not in each["applied"]
        assert len(each["applied"]) == len(CATALOGUE) - 2
    shown = say("trace", "the-like", "--data", data)
    assert "waiting for it: comments@1" in shown
    assert "dead letter: likes@1 (KeyError: 'no such thing')" in shown
    assert f"applied by {len(CATALOGUE) - 2} of {len(CATALOGUE)} builds" in shown
    assert all(each["parked"] == {} for each in traced(data, "rest") if each["event_type"] == "member.registered.v1")


def test_since_bounds_the_search(data):
    last = traced(data, "the-like")[-1]
    before = (datetime.fromisoformat(last["recorded_at"]) - timedelta(microseconds=1)).isoformat()
    assert traced(data, "the-like", "--since", before) == [last]
    assert "no event" in complaint("trace", "the-like", "--since", last["recorded_at"], "--data", data)
    assert "say a time" in complaint("trace", "the-like", "--since", "0:1", "--data", data, code=2)


def test_what_recorded_nothing_is_refused(data):
    assert "no event was recorded by the" in complaint("trace", "the", "--data", data)
