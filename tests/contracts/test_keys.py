"""The contract of the members' keys, whichever database holds them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commands.errors import Unavailable
from infra.eventstore.keys import STALE_SECONDS, KeyDestroyed, Keys, SqliteKeys
from infra.eventstore.postgres_keys import PostgresKeys
from infra.eventstore.postgres_migration import migrate
from infra.eventstore.sealing import Tampered, seal, unseal
from tests import databases

MASTER = bytes(range(32))


class Watch:
    """A monotonic clock that a test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


Open = Callable[..., Keys]
"""Opens the keys, as each process does; with another master key or clock, if so asked."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.cluster)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    there: list[Keys] = []

    def keep(keys: Keys) -> Keys:
        there.append(keys)
        return keys

    dsns: list[str] = []
    if request.param == "sqlite":
        yield lambda master=MASTER, **given: keep(SqliteKeys(tmp_path / "keys.db", master, **given))
    else:
        servers = request.getfixturevalue("stack").need("postgres-a").postgres
        dsns = databases.fresh(servers[:1])
        migrate(dsns, 1)
        yield lambda master=MASTER, **given: keep(PostgresKeys(dsns[0], master, **given))
    for keys in there:
        keys.close()
    databases.drop(dsns)


def test_a_key_is_made_once_for_all_processes(opened: Open) -> None:
    one, two = opened(), opened()
    sealed = seal(one.create("m1"), b"text", b"")
    assert unseal(two.get(["m1"])["m1"], sealed, b"") == b"text"
    assert unseal(two.create("m1"), sealed, b"") == b"text"
    assert unseal(one.create("m1"), sealed, b"") == b"text"
    assert set(one.get(["m1", "m2"])) == {"m1"}


def test_whoever_makes_a_key_at_the_same_time_gets_the_same_one(opened: Open) -> None:
    processes = [opened() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda keys: keys.create("m1"), processes))
    sealed = seal(made[0], b"text", b"")
    assert [unseal(key, sealed, b"") for key in made] == [b"text"] * 4


def test_a_destroyed_key_is_not_found_and_never_made_again(opened: Open) -> None:
    keys = opened()
    keys.create("m1")
    keys.create("m2")
    keys.destroy("m1")
    keys.destroy("m1")
    assert set(keys.get(["m1", "m2"])) == {"m2"}
    assert keys.at_hand(["m1"]) is None
    for each in (keys, opened()):
        with pytest.raises(KeyDestroyed, match="m1"):
            each.create("m1")


def test_a_member_who_never_had_a_key_can_be_destroyed(opened: Open) -> None:
    keys = opened()
    keys.destroy("m1")
    with pytest.raises(KeyDestroyed):
        keys.create("m1")


def test_a_key_opens_under_its_master_key_alone(opened: Open) -> None:
    opened().create("m1")
    with pytest.raises(Tampered):
        opened(bytes(32)).get(["m1"])
    with pytest.raises(ValueError, match="32 bytes"):
        opened(b"short")


def test_a_key_destroyed_elsewhere_is_served_no_longer_than_stated(opened: Open) -> None:
    watch = Watch()
    here, elsewhere = opened(clock=watch), opened()
    here.create("m1")
    here.create("m2")
    assert set(here.get(["m1", "m2"])) == {"m1", "m2"}
    elsewhere.destroy("m1")
    watch.seconds += STALE_SECONDS - 0.01
    assert set(here.get(["m1"])) == {"m1"}
    watch.seconds += 0.01
    assert here.at_hand(["m2"]) is None
    assert set(here.get(["m1", "m2"])) == {"m2"}
    assert here.at_hand(["m2"]) is not None


def test_many_keys_destroyed_at_once_are_all_noticed(opened: Open) -> None:
    watch = Watch()
    here = opened(clock=watch)
    members = [f"m{number}" for number in range(40)]
    for member in members:
        here.create(member)
    processes = [opened() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: processes[number % 4].destroy(members[number]), range(0, 40, 2)))
    watch.seconds += STALE_SECONDS
    assert set(here.get(members)) == set(members[1::2])


def test_a_key_table_that_can_not_be_reached_is_unavailable(opened: Open) -> None:
    keys = opened()
    keys.create("m1")
    keys.close()
    with pytest.raises(Unavailable):
        keys.create("m2")
