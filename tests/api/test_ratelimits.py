"""Rate limits, throttling, and what guards every answer, tried over the real embedded adapters in this process."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from api.app import build_app
from api.ports import Limits
from api.ratelimits import RateLimit
from api.throttling import address_of
from commands.errors import Unavailable
from infra.tallies import MemoryTallies
from tests.api.inside import Away, Inside, inside


@pytest.fixture
async def installation(tmp_path):
    async with inside(tmp_path / "data") as made:
        yield made


@asynccontextmanager
async def limited(made: Inside, address: str = "192.0.2.1", **changes):
    wiring = replace(made.assemble(made.core), **changes)
    transport = httpx.ASGITransport(build_app(wiring), client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as http:
        yield Inside(made.core, made.assemble, http, made.headers)


async def test_points_are_weighted_and_too_many_are_refused(installation) -> None:
    await installation.member("ana")
    async with limited(installation, rate=RateLimit(member=8, address=100)) as few:
        first = await few.call("ana", "POST", "/albums", json={"title": "One"})
        assert first.status_code == 201
        told = {name: first.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")}
        assert told == {"Limit": "8", "Remaining": "5"}
        assert 1 <= int(first.headers["X-RateLimit-Reset"]) <= 60
        album = first.json()["album_id"]
        changed = await few.call("ana", "PATCH", f"/albums/{album}", json={"title": "Two"})
        assert changed.headers["X-RateLimit-Remaining"] == "3"
        assert (await few.call("ana", "DELETE", f"/albums/{album}")).headers["X-RateLimit-Remaining"] == "2"
        refused = await few.call("ana", "POST", "/albums", json={"title": "Three"})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await few.call("ana", "PATCH", "/me", json={})).status_code == 200  # what was refused cost nothing
        assert (await few.call("ana", "DELETE", f"/albums/{album}")).status_code == 429
        assert (await few.call("ana", "GET", "/me")).status_code == 200  # reads cost nothing unless it is said


async def test_reads_cost_a_tenth_where_they_are_counted(installation) -> None:
    async with limited(installation, rate=RateLimit(address=1, reads=True)) as few:
        answers = [(await few.call(None, "GET", "/search/members?q=ana")).status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]


async def test_a_fault_of_the_server_costs_nothing(installation) -> None:
    await installation.member("ana")
    photo = await installation.photo("ana")
    core = replace(installation.core, queries=replace(installation.core.queries, sight=Away(Unavailable("away"))))
    wiring = replace(installation.assemble(core), rate=RateLimit(member=5))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(wiring)), base_url="http://inside") as http:
        for _ in range(4):
            answer = await http.put(f"/v1/photos/{photo}/like", headers=installation.headers["ana"])
            assert answer.status_code == 503


async def test_addresses_are_counted_apart_and_ipv6_by_network(installation) -> None:
    tallies, rate = MemoryTallies(), RateLimit(address=3)
    body = {"username": "nobody", "password": "x"}

    async def status(address: str) -> int:
        async with limited(installation, address, rate=rate, tallies=tallies) as one:
            return (await one.call(None, "POST", "/sessions", json=body)).status_code

    assert [await status(each) for each in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [401, 429, 401]
    assert [await status(each) for each in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2")] == [401, 429, 401]
    assert address_of({"client": None}) == ""


async def test_passwords_are_not_guessed_for_long(installation) -> None:
    await installation.member("ana")
    async with limited(installation, limits=Limits(password_tries=3)) as few:
        body = {"username": "ana", "password": "wrong password"}
        statuses = [(await few.call(None, "POST", "/sessions", json=body)).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        right = {"username": "ana", "password": "correct horse battery"}
        assert (await few.call(None, "POST", "/sessions", json=right)).status_code == 429
        other = {"username": "ben", "password": "wrong password"}
        assert (await few.call(None, "POST", "/sessions", json=other)).status_code == 401


async def test_a_window_that_is_over_is_forgotten() -> None:
    now = 1_000_000.0
    tallies = MemoryTallies(lambda: now)
    assert await tallies.add("a", 5, window_s=60) == (5, 20)
    assert await tallies.add("a", -9, window_s=60) == (0, 20)
    assert (await tallies.add("a", 7, window_s=60))[0] == 7
    now += 20
    assert await tallies.add("a", 1, window_s=60) == (1, 60)


async def test_a_request_that_takes_too_long_is_broken_off(installation) -> None:
    class Slow:
        def __getattr__(self, name):
            async def wait(*_, **__):
                await asyncio.Event().wait()

            return wait

    queries = replace(installation.core.queries, profiles=Slow())
    wiring = replace(installation.assemble(replace(installation.core, queries=queries)), limits=Limits(request_s=0.05))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(wiring)), base_url="http://inside") as http:
        answer = await http.get("/v1/members/ana")
    assert (answer.status_code, answer.json()["code"]) == (503, "timed_out")


async def test_every_answer_is_guarded_and_pages_let_nothing_else_in(installation) -> None:
    page = await installation.http.get("/docs")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
    assert (await installation.call(None, "GET", "/nowhere")).headers["X-Content-Type-Options"] == "nosniff"


async def test_other_origins_may_call_where_it_is_set(installation) -> None:
    asked = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "POST"}
    assert (await installation.http.options("/v1/albums", headers=asked)).status_code == 405
    async with limited(installation, limits=Limits(origins=("https://app.example.org",))) as open_:
        preflight = await open_.http.options("/v1/albums", headers=asked)
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
        answer = await open_.http.get("/v1/search/members?q=x", headers={"Origin": "https://app.example.org"})
        assert "X-Position" in answer.headers["Access-Control-Expose-Headers"]
        other = await open_.http.get("/v1/search/members?q=x", headers={"Origin": "https://other.example.org"})
        assert "Access-Control-Allow-Origin" not in other.headers
