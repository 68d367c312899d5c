"""The bucket's lifecycle rules on a real MinIO: written, applied beside those of others, and said where not taken."""

import json
import os
import secrets
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import urllib3
from minio.credentials import StaticProvider
from minio.crypto import encrypt
from minio.minioadmin import MinioAdmin

from domain.errors import Refused
from domain.ids import new_id
from domain.tiers import TIERS, Tier
from domain.uploads import object_key
from infra.minio import lifecycle
from infra.minio.bucket import Bucket, Original, Place
from infra.minio.objects import MinioObjects
from infra.stack.layout import default_cache
from infra.stack.versions import MINIO
from tests.infra.cli.running import complaint, say
from tests.servers import Servers

pytestmark = pytest.mark.cluster

UNKNOWN = {"warm": "NOBODY-KNOWS", "cold": "NOR-THIS"}
FOREIGN = b"""<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix>
<ObjectSizeGreaterThan>1000</ObjectSizeGreaterThan></And></Filter><Expiration><Days>9</Days></Expiration></Rule>
</LifecycleConfiguration>"""


@pytest.fixture
def place(stack: Servers) -> Place:
    at = stack.need("minio")
    return Place(at.minio, at.minio_access_key, at.minio_secret_key, f"lifecycle-{secrets.token_hex(6)}")


@pytest.fixture
def bucket(place: Place) -> Iterator[Bucket]:
    made = Bucket(place)
    made.found()
    yield made
    made.close()


@pytest.fixture
def settings(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command line's settings lead to the bucket; gives a file to write to."""
    for name, value in {
        "PROFILE": "cluster",
        "MINIO_ENDPOINT": place.endpoint,
        "MINIO_ACCESS_KEY": place.access_key,
        "MINIO_SECRET_KEY": place.secret_key,
        "MINIO_BUCKET": place.bucket,
    }.items():
        monkeypatch.setenv(f"FILMROLL_{name}", value)
    return tmp_path / "rules.json"


def held(bucket: Bucket) -> dict[str, set[str]]:
    """The bucket's rules by name, with their parts and what these say."""
    text = bucket.lifecycle()
    rules = [] if text is None else ET.fromstring(text)
    return {
        str(rule.findtext("{*}ID")): {
            f"{part.tag.rpartition('}')[2]} {''.join(part.itertext()).split()}" for part in rule
        }
        for rule in rules
        if rule.find("{*}ID") is not None
    }


def days_old(days: int, content: bytes, bucket: Bucket) -> str:
    key = object_key(new_id(7, datetime.now(UTC) - timedelta(days=days)))
    bucket.write(key, content, "image/jpeg")
    bucket.write(key.replace("original", "secret/0f-r1/thumb.webp"), b"x", "image/webp")
    return key


def test_the_rules_are_applied_once_beside_those_of_others(bucket: Bucket) -> None:
    assert held(bucket) == {}
    bucket.set_lifecycle(FOREIGN)
    theirs = held(bucket)["theirs"]
    assert any("1000" in part for part in theirs)
    first = lifecycle.apply(bucket, TIERS, {})
    rules = held(bucket)
    assert set(rules) == {"theirs", "filmroll-leftovers"}
    assert rules["theirs"] == theirs
    assert "Expiration ['true']" in rules["filmroll-leftovers"]
    assert "NoncurrentVersionExpiration ['30']" in rules["filmroll-leftovers"]
    assert first.rules == ("filmroll-leftovers",)
    assert lifecycle.apply(bucket, TIERS, {}) == first
    assert held(bucket) == rules


def test_what_the_store_does_not_keep_of_a_rule_is_said(bucket: Bucket) -> None:
    """MinIO takes the rule, and forgets that parts which were never joined end: it ends them by a setting of its own."""
    assert lifecycle.apply(bucket, (), {}).dropped == ("filmroll-leftovers: AbortIncompleteMultipartUpload",)


def test_a_tier_that_the_store_does_not_know_costs_no_other_rule(bucket: Bucket) -> None:
    applied = lifecycle.apply(bucket, TIERS, UNKNOWN)
    assert applied.unknown == TIERS[:2]
    assert set(held(bucket)) == {"filmroll-leftovers"}


def test_a_configuration_that_is_none_is_refused_and_the_one_before_stays(bucket: Bucket) -> None:
    lifecycle.apply(bucket, TIERS, {})
    before = held(bucket)
    with pytest.raises(Refused):
        bucket.set_lifecycle(b"<LifecycleConfiguration><Rule></Rule></LifecycleConfiguration>")
    assert held(bucket) == before


def test_originals_are_told_from_rendered_files(bucket: Bucket) -> None:
    keys = [days_old(days, b"x" * days, bucket) for days in (31, 1)]
    assert list(bucket.originals()) == [Original(keys[0], 31, "STANDARD"), Original(keys[1], 1, "STANDARD")]
    bucket.mark(keys[0])
    bucket.mark(object_key(new_id(1, datetime.now(UTC))))
    tags = bucket._client.get_object_tags(bucket.place.bucket, keys[0])
    assert dict(tags or {}) == {"kind": "original"}


def document(text: str) -> Mapping[str, object]:
    return json.loads(text[text.index("{") :])


def test_the_command_tells_what_it_would_do_and_does_it(
    bucket: Bucket, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [days_old(days, b"x" * 100, bucket) for days in (1, 31, 100)]
    monkeypatch.setenv("FILMROLL_MINIO_TIERS", "warm=STANDARD_IA,cold=GLACIER_IR")
    said = say("media", "tier", "--dry-run", "--write", settings)
    assert "hot → warm: 1 originals of 100 bytes would be marked for" in said
    assert "hot → cold: 1 originals of 100 bytes would be marked for" in said
    assert held(bucket) == {}
    assert document(said) == document(settings.read_text())
    assert [rule["ID"] for rule in document(said)["Rules"]] == [
        "filmroll-leftovers",
        "filmroll-warm",
        "filmroll-cold",
    ]

    refused = complaint("media", "tier")
    assert "does not know STANDARD_IA, so warm is left out" in refused
    assert "does not know GLACIER_IR, so cold is left out" in refused
    assert set(held(bucket)) == {"filmroll-leftovers"}
    assert not any(bucket._client.get_object_tags(bucket.place.bucket, key) for key in keys)

    monkeypatch.setenv("FILMROLL_MINIO_TIERS", "")
    said = say("media", "tier")
    assert "hot: 3 originals of 300 bytes stay" in said
    assert "warm: 1 originals of 100 bytes belong there, but FILMROLL_MINIO_TIERS names no place for it" in said
    assert say("media", "tier") == said

    monkeypatch.setenv("FILMROLL_MINIO_TIERS", "cold=DEEP_ARCHIVE")
    assert "can't be read at once" in complaint("media", "tier", "--dry-run")


class _Command:
    """The admin call that adds a remote tier, which the library has no name for."""

    value = "tier"


def waited(holds: Callable[[], bool], what: str) -> None:
    end, pause = time.monotonic() + 60, threading.Event()
    while not holds():
        assert time.monotonic() < end, f"not within a minute: {what}"
        pause.wait(0.2)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def tiered(bucket: Bucket, tmp_path: Path) -> Iterator[Place]:
    """A MinIO of the test's own that scans all the time, with `FAR` as a remote tier of it: the bucket of the other."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    near = replace(bucket.place, endpoint=endpoint, access_key="filmroll", secret_key="filmroll-secret")
    keys = {"MINIO_ROOT_USER": near.access_key, "MINIO_ROOT_PASSWORD": near.secret_key}
    haste = {"MINIO_SCANNER_SPEED": "fastest", "MINIO_SCANNER_CYCLE": "1s", "MINIO_BROWSER": "off"}
    program = default_cache() / f"minio-{MINIO}" / "minio"
    with subprocess.Popen(
        [program, "server", tmp_path / "near", "--address", endpoint],
        env={**os.environ, **keys, **haste},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            waited(lambda: answers(f"http://{endpoint}/minio/health/cluster"), "a MinIO of its own")
            add_tier(near, bucket.place)
            yield near
        finally:
            server.kill()


def add_tier(near: Place, far: Place) -> None:
    pool = urllib3.PoolManager(timeout=20, retries=False)
    keys = StaticProvider(near.access_key, near.secret_key)
    admin = MinioAdmin(endpoint=near.endpoint, credentials=keys, secure=False, http_client=pool)
    where = {"AccessKey": far.access_key, "SecretKey": far.secret_key, "Bucket": far.bucket}
    tier = {"Name": "FAR", "Endpoint": far.url, "Prefix": "", **where}
    said = json.dumps({"Version": "v1", "Type": "minio", "Name": "FAR", "MinIO": tier}).encode()
    assert admin._url_open(method="PUT", command=_Command, body=encrypt(said, near.secret_key)).status < 300
    pool.clear()


def test_the_store_moves_originals_by_the_rules_and_they_are_read_as_before(bucket: Bucket, tiered: Place) -> None:
    near = Bucket(tiered)
    near.found()
    content = os.urandom(1_000_000)
    key = days_old(31, content, near)
    applied = lifecycle.apply(near, [Tier("warm", 0)], {"warm": "FAR"})
    assert (applied.rules, applied.unknown) == (("filmroll-leftovers", "filmroll-warm"), ())
    near.mark(key)
    waited(lambda: list(near.originals()) == [Original(key, len(content), "FAR")], "the original in its tier")
    assert len(bucket.list("")) == 1  # the rendered file stayed
    assert near.read(key) == content
    objects = MinioObjects(tiered, now=lambda: datetime.now(UTC))
    url = objects.signed_url(key, datetime.now(UTC) + timedelta(minutes=10))
    assert httpx.get(url, trust_env=False).content == content
    assert lifecycle.apply(near, [Tier("warm", 0)], {"warm": "FAR"}) == applied
    near.close()
    objects.bucket.close()
