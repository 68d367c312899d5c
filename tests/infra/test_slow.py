"""Slow queries are logged with plan and trace id, and without anybody's words."""

import structlog
from structlog.testing import capture_logs

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


async def test_what_is_fast_enough_is_not_told(tmp_path) -> None:
    assert await asked(tmp_path / "data", 60_000) == []
