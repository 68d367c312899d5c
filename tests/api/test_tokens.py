"""What clients carry and bring back: positions and access tokens, whole or tampered with."""

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from api.identity import AUDIENCE, ISSUER, Identity
from api.ports import Keyring, Limits
from api.positions import FLOOR, MOST_LOGS, Positions
from api.problems import Problem
from api.signing import LONGEST, Sealer
from domain.errors import Unauthenticated
from domain.ids import new_id
from infra.installation import Installation
from projections.ports import Reached
from tests.api.inside import Behind, inside
from tests.people import PASSWORD

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KEYRING = Keyring("2", {"1": b"a" * 32, "2": b"b" * 32})
MEMBER, SESSION = (new_id(slot, datetime.now(UTC)) for slot in (1, 1))


class Progressing:
    """Read models that stand where they are told."""

    def __init__(self, level: bool, *lags: int) -> None:
        self.level = level
        self.asked: dict[int, int] = {}
        self.lags = list(lags)

    async def reached(self, names) -> Reached:
        return Reached({0: 7}, self.lags.pop(0) if self.lags else 12)

    async def wait(self, names, wanted, *, timeout_s) -> bool:
        self.asked = dict(wanted)
        return self.level


class Over:
    """Sessions, of which some are over."""

    def __init__(self, *ended: str) -> None:
        self._ended = ended

    async def ended(self, session_id, member_id) -> bool:
        return session_id in self._ended


def positions(level: bool = True, *lags: int, at: datetime = NOON) -> Positions:
    return Positions(Sealer(b"s" * 32), Progressing(level, *lags), Limits(catch_up_s=0.2), lambda: at)


@given(st.lists(st.dictionaries(st.integers(0, 63), st.integers(0, 2**62), max_size=8), min_size=1, max_size=4))
def test_several_tokens_ask_for_the_furthest_of_each_log(maps) -> None:
    made = positions()
    read = made.read(", ".join(made.token(held) for held in maps))
    logs = {log for held in maps for log in held}
    assert read == {log: max(held.get(log, 0) for held in maps) for log in logs}


@given(st.dictionaries(st.integers(0, 1023), st.integers(0, 2**62), max_size=1024))
def test_a_token_is_taken_back_however_many_logs_it_covers(held) -> None:
    made = positions()
    token = made.token(held, 40)
    assert len(token) <= LONGEST
    floor = {FLOOR: int(NOON.timestamp() * 1000) - 40}
    assert made.read(token) == (held if len(held) <= MOST_LOGS else floor)


def test_tokens_that_are_merged_for_ever_stay_short() -> None:
    made, token = positions(), ""
    every = dict.fromkeys(range(1024), 2**62)
    longest = 0
    for log in [*range(1024), *range(1024)]:
        covered = made.read(f"{token},{made.token({log: every[log]})}" if token else made.token({log: every[log]}))
        token = made.token(covered)
        longest = max(longest, len(token))
        assert covered.get(log, 0) == every[log]
    assert longest <= 2500
    with_floor = made.read(f"{token},{made.token(every)}")
    assert with_floor[FLOOR] == int(NOON.timestamp() * 1000)


def test_a_reads_token_forgets_nothing_that_it_was_asked_for() -> None:
    made, every = positions(), dict.fromkeys(range(1024), 5)
    floor = int(NOON.timestamp() * 1000) - 3000
    assert made.read(made.token(every, 3000, met={7: 5, 9: 4})) == {FLOOR: floor, 7: 5, 9: 4}
    assert made.read(made.token(every, 3000, met={FLOOR: floor - 1, 7: 5})) == {FLOOR: floor, 7: 5}
    assert made.read(made.token(every, 3000, met=every)) == {FLOOR: floor + 3000}


async def test_a_floor_is_waited_for_until_nothing_older_is_missing() -> None:
    token = positions(at=NOON).token(dict.fromkeys(range(1024), 5))
    seconds = timedelta(seconds=1)
    behind = positions(True, 3000, 2000, 900, at=NOON + seconds)  # two looks find something from before the floor
    assert (await behind.fresh(("photos",), token)).lag_ms == 900
    assert behind.progress.asked == {}
    assert (await positions(True, 0, at=NOON - seconds).fresh(("photos",), token)).lag_ms == 0  # level, by any clock
    with pytest.raises(Problem) as raised:
        await positions(True, *[5000] * 1000, at=NOON + seconds).fresh(("photos",), token)
    assert raised.value.code == "not_caught_up"


async def test_an_installation_of_1024_logs_takes_back_every_token_that_it_gives(tmp_path) -> None:
    async with inside(tmp_path / "data", logs=1024) as town:
        await town.member("ana")
        await town.member("ben")
        await town.call("ben", "PUT", "/members/ana/follow")
        photo = await town.photo("ana", caption="Dusk")
        feed = await town.call("ben", "GET", "/feed")
        assert [one["photo_id"] for one in feed.json()["items"]] == [photo]
        assert len(feed.headers["X-Position"]) <= LONGEST
        for answer in (feed, await town.call("ana", "GET", "/me")):
            seen = {"X-Min-Position": f"{answer.headers['X-Position']},{town.headers['ben']['X-Min-Position']}"}
            again = await town.call("ben", "GET", f"/photos/{photo}", headers=seen)
            assert again.status_code == 200, again.text
            liked = await town.call("ben", "PUT", f"/photos/{photo}/like", headers=seen)
            assert liked.status_code == 200
            assert len(liked.headers["X-Position"]) <= LONGEST


@pytest.mark.parametrize("header", ["", ",", "abc", "é", "A" * 5000, "null", "{}", ",".join(["x"] * 100)])
def test_what_is_no_token_is_400(header) -> None:
    with pytest.raises(Problem) as raised:
        positions().read(header)
    assert (raised.value.status, raised.value.code) == (400, "position_invalid")


def test_a_token_of_another_purpose_or_installation_is_400() -> None:
    for forged in (Sealer(b"s" * 32).seal("cursor", {"0": 1}), Sealer(b"t" * 32).seal("position.1", {"0": 1})):
        with pytest.raises(Problem):
            positions().read(forged)


async def test_a_read_that_is_not_caught_up_is_503_with_retry_after() -> None:
    behind = positions(level=False)
    with pytest.raises(Problem) as raised:
        await behind.fresh(("photos",), behind.token({0: 9}))
    assert (raised.value.status, raised.value.code) == (503, "not_caught_up")
    assert raised.value.headers["Retry-After"] == "1"
    assert (await behind.fresh(("photos",), None)).lag_ms == 12


def identity(*ended: str, life_s: int = 3600, now: datetime | None = None) -> Identity:
    return Identity(KEYRING, Over(*ended), life_s, lambda: now or datetime.now(UTC))


def claims(**changed):
    now = datetime.now(UTC)
    made = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": MEMBER,
        "sid": SESSION,
        "roles": ["member"],
        "iat": now,
        "exp": now + timedelta(hours=1),
        **changed,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(payload, key=b"b" * 32, kid: object = "2", algorithm="HS256") -> str:
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": kid} if kid is not None else None)


async def test_a_token_names_its_member_session_and_roles() -> None:
    caller = await identity().recognise(identity().issue(MEMBER, SESSION, frozenset({"member", "moderator"})))
    assert caller == (MEMBER, SESSION, frozenset({"member", "moderator"}))


async def test_a_token_under_an_older_key_of_the_ring_still_counts() -> None:
    assert (await identity().recognise(signed(claims(), b"a" * 32, "1"))).member_id == MEMBER


def under_rs256_with_our_secret() -> str:
    """Says RS256, but is signed as HS256 with what a confused verifier would take for a public key."""
    header = {"alg": "RS256", "typ": "JWT", "kid": "2"}
    whole = claims(iat=int(datetime.now(UTC).timestamp()), exp=int(datetime.now(UTC).timestamp()) + 60)
    body = ".".join(jwt.utils.base64url_encode(json.dumps(part).encode()).decode() for part in (header, whole))
    seal = hmac.digest(b"b" * 32, body.encode(), sha256)
    return f"{body}.{jwt.utils.base64url_encode(seal).decode()}"


BAD = {
    "of an unknown key": lambda: signed(claims(), kid="3"),
    "without a key's name": lambda: signed(claims(), kid=None),
    "under the wrong key": lambda: signed(claims(), b"c" * 32),
    "under another's key": lambda: signed(claims(), b"b" * 32, "1"),
    "unsigned": lambda: signed(claims(), None, "2", "none"),
    "of another algorithm": lambda: signed(claims(), b"b" * 64, "2", "HS512"),
    "under a key pair": lambda: signed(claims(), rsa.generate_private_key(65_537, 2048), "2", "RS256"),
    "of a confused algorithm": under_rs256_with_our_secret,
    "expired": lambda: signed(claims(exp=datetime.now(UTC) - timedelta(seconds=1))),
    "of the future": lambda: signed(claims(iat=datetime.now(UTC) + timedelta(hours=1))),
    "without an end": lambda: signed(claims(exp=None)),
    "from elsewhere": lambda: signed(claims(iss="other")),
    "for elsewhere": lambda: signed(claims(aud="other")),
    "without a member": lambda: signed(claims(sub=None)),
    "with a broken member": lambda: signed(claims(sub="../x")),
    "without a session": lambda: signed(claims(sid=None)),
    "with roles that are no list": lambda: signed(claims(roles="operator")),
    "cut": lambda: signed(claims())[:-2],
    "not even a token": lambda: "é\0.x",
    "endless": lambda: "a" * 100_000,
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_access_token_is_401(what) -> None:
    with pytest.raises(Unauthenticated) as raised:
        await identity().recognise(BAD[what]())
    assert raised.value.code == "bad_token"


def generation(current: int) -> Identity:
    """What a server recognises after it was started with this `FILMROLL_TOKEN_KEY`."""
    keys = Installation(1, b"r" * 32).token_keys(current)
    return replace(identity(), keyring=Keyring(str(current), keys))


async def test_tokens_of_before_a_rotation_count_and_those_of_two_before_do_not() -> None:
    first, second, third = (generation(number).issue(MEMBER, SESSION, frozenset()) for number in (1, 2, 3))
    for server, tokens in ((1, (first, second)), (2, (first, second, third)), (3, (second, third))):
        for token in tokens:
            assert (await generation(server).recognise(token)).member_id == MEMBER
    for server, token in ((1, third), (3, first)):
        with pytest.raises(Unauthenticated):
            await generation(server).recognise(token)
    assert [jwt.get_unverified_header(token)["kid"] for token in (first, second, third)] == ["1", "2", "3"]


async def test_a_server_started_with_the_next_key_takes_the_tokens_of_before(tmp_path) -> None:
    async with inside(tmp_path / "data") as town:
        await town.member("ana")
        for current, status in ((1, 200), (2, 200), (3, 401)):
            core = replace(town.core, settings=town.core.settings.model_copy(update={"token_key": current}))
            async with town.over(core) as other:
                assert (await other.call("ana", "GET", "/me")).status_code == status


async def test_a_token_of_a_session_that_is_over_is_401() -> None:
    token = identity().issue(MEMBER, SESSION, frozenset())
    with pytest.raises(Unauthenticated):
        await identity(SESSION).recognise(token)


async def test_the_link_of_an_erasure_waits_for_the_closing_that_it_tells_of(tmp_path) -> None:
    async with inside(tmp_path / "data") as town:
        await town.member("ana")
        left = await town.call("ana", "DELETE", "/me", json={"password": PASSWORD})
        link = left.json()["report_url"].partition("/v1")[2]
        async with town.without(erasures=Behind(town.core.queries.erasures)) as behind:
            answer = await behind.call(None, "GET", link)
        assert (answer.status_code, answer.json()["state"]) == (200, "pending")
