"""The members' keys in a file: durable before use, and gone from it once destroyed; the rest is in the contract."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.eventstore.keys import KeyCache, SqliteKeys
from infra.eventstore.sealing import Tampered, seal, unseal

MASTER = bytes(range(32))
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


def test_a_key_is_made_once_and_outlives_the_process_that_made_it(path: Path) -> None:
    make = (
        "import os, signal; from pathlib import Path; from infra.eventstore.keys import SqliteKeys;"
        f"SqliteKeys(Path({str(path)!r}), bytes(range(32))).create('m1'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", make], cwd=ROOT, check=False)
    one, two = SqliteKeys(path, MASTER), SqliteKeys(path, MASTER)
    sealed = seal(one.get(["m1"])["m1"], b"text", b"")
    assert unseal(two.create("m1"), sealed, b"") == b"text"
    assert unseal(one.create("m1"), sealed, b"") == b"text"
    assert set(one.get(["m1", "m2"])) == {"m1"}


def test_nothing_of_a_destroyed_key_is_left_in_the_files(path: Path) -> None:
    keys = SqliteKeys(path, MASTER)
    keys.create("m1")
    ((wrapped,),) = keys._db.execute("SELECT wrapped FROM keys").fetchall()
    assert wrapped in at_rest(path)
    keys.destroy("m1")
    assert wrapped not in at_rest(path)


def test_keys_are_not_readable_at_rest_nor_under_another_master_key(path: Path) -> None:
    SqliteKeys(path, MASTER).create("m1")
    with pytest.raises(Tampered):
        SqliteKeys(path, bytes(32)).get(["m1"])
    with pytest.raises(ValueError, match="32 bytes"):
        SqliteKeys(path, b"short")


def test_the_cache_is_bounded(path: Path) -> None:
    keys = SqliteKeys(path, MASTER)
    cache = KeyCache(size=3)
    for member in "abcde":
        cache.keep({member: keys.create(member)})
    assert set(cache.find("abcde")) == {"c", "d", "e"}


def at_rest(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob("keys.db*"))
