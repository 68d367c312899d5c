"""Slow queries are logged with plan and trace id, and without anybody's words."""

import asyncio
import threading
from collections.abc import Sequence

import structlog
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from infra.eventstore.grouping import Grouping
from infra.slow import Slow
from tests.api.inside import inside

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def asked(data, threshold: float) -> list[dict]:
    """What is logged of slow queries while a member is looked for and read."""
    async with inside(data, slow_query_ms=threshold) as town:
        await town.member("ana")
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as entries:
            for path in ("/search/members?q=quicksilver", "/members/ana"):
                answer = await town.call("ana", "GET", path, headers=headers)
                assert answer.status_code == 200, answer.text
    return [entry for entry in entries if entry["event"] == "slow query"]


async def test_with_a_threshold_of_zero_every_query_is_told_with_its_plan(tmp_path) -> None:
    found = await asked(tmp_path / "data", 0)
    ours = [entry for entry in found if entry.get("trace_id") == TRACE]
    of_search = [entry for entry in ours if entry["store"] == "member_search@1"]
    assert of_search
    for entry in ours:
        assert entry["took_ms"] >= 0
        assert entry["statement"].startswith(("SELECT", "WITH"))
        assert entry["plan"], entry
    assert any(step.startswith(("SCAN", "SEARCH")) for entry in of_search for step in entry["plan"])
    assert "quicksilver" not in repr(found)
    assert any(entry["store"] == "events" for entry in found)


async def test_a_command_finds_its_slow_loads_by_its_trace(tmp_path) -> None:
    async with inside(tmp_path / "data", slow_query_ms=0) as town:
        await town.member("ana")
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as entries:
            told = {"headers": {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "json": {"bio": "quicksilver"}}
            answer = await town.call("ana", "PATCH", "/me", **told)
    assert answer.status_code == 200, answer.text
    slow = [entry for entry in entries if entry["event"] == "slow query" and entry["store"] == "events"]
    assert any(entry.get("trace_id") == TRACE and entry["plan"] for entry in slow)


async def test_what_was_slow_for_several_is_told_with_the_traces_of_all() -> None:
    started, gate = threading.Event(), threading.Event()

    def answer(asked: Sequence[int]) -> list[int | Exception]:
        started.set()
        assert gate.wait(60)
        Slow(0).note("a store", "SELECT", 0)
        return list(asked)

    async def ask(grouping: Grouping[int, int], number: int) -> int:
        with bound_contextvars(trace_id=f"trace {number}", request_id=f"request {number}"):
            return await grouping.ask(number)

    grouping: Grouping[int, int] = Grouping("test", answer, limit=9)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as entries:
        first = asyncio.ensure_future(ask(grouping, 1))
        await asyncio.to_thread(started.wait, 60)
        others = [asyncio.ensure_future(ask(grouping, number)) for number in (2, 3)]
        await asyncio.wait(others, timeout=0)
        gate.set()
        assert await asyncio.gather(first, *others, grouping.ask(4)) == [1, 2, 3, 4]
    grouping.close()
    told = [(entry.get("trace_id"), entry.get("request_id"), entry.get("other_trace_ids")) for entry in entries]
    assert told[:2] == [("trace 1", "request 1", None), ("trace 2", "request 2", ["trace 3"])]


async def test_what_is_fast_enough_is_not_told(tmp_path) -> None:
    assert await asked(tmp_path / "data", 60_000) == []
