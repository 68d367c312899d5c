"""What clients carry and bring back: positions and access tokens, whole or tampered with."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.identity import AUDIENCE, ISSUER, Identity
from api.ports import Keyring, Limits
from api.positions import Positions
from api.problems import Problem
from api.signing import Sealer
from domain.errors import Unauthenticated
from domain.ids import new_id
from projections.ports import Reached

KEYRING = Keyring("2", {"1": b"a" * 32, "2": b"b" * 32})
MEMBER, SESSION = (new_id(slot, datetime.now(UTC)) for slot in (1, 1))


class Progressing:
    """Read models that stand where they are told."""

    def __init__(self, level: bool) -> None:
        self.level = level
        self.asked: dict[int, int] = {}

    async def reached(self, names) -> Reached:
        return Reached({0: 7}, 12)

    async def wait(self, names, wanted, *, timeout_s) -> bool:
        self.asked = dict(wanted)
        return self.level


class Over:
    """Sessions, of which some are over."""

    def __init__(self, *ended: str) -> None:
        self._ended = ended

    async def ended(self, session_id) -> bool:
        return session_id in self._ended


def positions(level: bool = True) -> Positions:
    return Positions(Sealer(b"s" * 32), Progressing(level), Limits())


@given(st.lists(st.dictionaries(st.integers(0, 63), st.integers(0, 2**62), max_size=8), min_size=1, max_size=4))
def test_several_tokens_ask_for_the_furthest_of_each_log(maps) -> None:
    made = positions()
    read = made.read(", ".join(made.token(held) for held in maps))
    logs = {log for held in maps for log in held}
    assert read == {log: max(held.get(log, 0) for held in maps) for log in logs}


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


BAD = {
    "of an unknown key": lambda: signed(claims(), kid="3"),
    "without a key's name": lambda: signed(claims(), kid=None),
    "under the wrong key": lambda: signed(claims(), b"c" * 32),
    "under another's key": lambda: signed(claims(), b"b" * 32, "1"),
    "unsigned": lambda: signed(claims(), None, "2", "none"),
    "of another algorithm": lambda: signed(claims(), b"b" * 64, "2", "HS512"),
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


async def test_a_token_of_a_session_that_is_over_is_401() -> None:
    token = identity().issue(MEMBER, SESSION, frozenset())
    with pytest.raises(Unauthenticated):
        await identity(SESSION).recognise(token)
