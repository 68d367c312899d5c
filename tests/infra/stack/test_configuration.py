"""What the stack writes for each server, and the command it starts it with."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from infra.stack import cassandra, kafka, minio, opensearch, ports, postgres, redis
from infra.stack.addresses import Addresses
from infra.stack.layout import Secrets, Stack
from infra.stack.services import SERVICES
from infra.stack.tools import pom


def quiet(_message: str) -> None: ...


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    secrets = Secrets("access", "secret", "postgres-password", "redis-password")
    return Stack(tmp_path / "stack", tmp_path / "cache", 20_000, secrets)


def test_every_port_of_a_stack_is_its_own_and_inside_its_step() -> None:
    offsets = list(ports.OFFSETS.values())
    assert len(set(offsets)) == len(offsets)
    assert max(offsets) < ports.STEP
    assert {name for service in SERVICES.values() for name in service.ports} == set(ports.OFFSETS)


def test_kafka_listens_on_loopback_only_and_makes_no_topics_by_itself(stack: Stack) -> None:
    properties = kafka.properties(stack)
    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:20000,CONTROLLER://127.0.0.1:20001"
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20000"
    assert properties["auto.create.topics.enable"] == "false"
    replication = {value for name, value in properties.items() if name.endswith("replication.factor")}
    assert replication == {"1"}


def test_cassandra_gets_its_ports_and_directories(stack: Stack) -> None:
    cassandra.configure(stack, quiet)
    written = json.loads((stack.root / "config" / "cassandra" / "cassandra.yaml").read_text())
    assert (written["native_transport_port"], written["storage_port"]) == (20_002, 20_003)
    assert written["listen_address"] == written["rpc_address"] == "127.0.0.1"
    assert written["num_tokens"] == 1
    assert all(
        Path(path).is_relative_to(stack.root)
        for path in (*written["data_file_directories"], written["commitlog_directory"], written["hints_directory"])
    )


def test_cassandra_keeps_its_heap_small(stack: Stack) -> None:
    arguments = cassandra.launch(stack).arguments
    assert {"-Xms512m", "-Xmx1g", "-XX:+UseSerialGC"} <= set(arguments)
    assert "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED" in arguments


def test_opensearch_is_told_the_port_before_its_own(stack: Stack) -> None:
    arguments = opensearch.launch(stack).arguments
    assert arguments[arguments.index("-baseHttpPort") + 1] == str(stack.port("opensearch") - 1)
    opensearch.configure(stack, quiet)
    written = (stack.root / "config" / "opensearch" / "opensearch.yml").read_text().splitlines()
    assert {"network.host: 127.0.0.1", "transport.port: 20006", "discovery.type: single-node"} <= set(written)


def test_minio_gets_its_keys_by_environment_not_on_its_command_line(stack: Stack) -> None:
    launch = minio.launch(stack)
    assert launch.environment["MINIO_ROOT_USER"] == "access"
    assert launch.environment["MINIO_ROOT_PASSWORD"] == "secret"
    assert not {"access", "secret"}.intersection(launch.arguments)


def test_redis_keeps_what_it_was_told_and_its_password_private(stack: Stack) -> None:
    redis.configure(stack, quiet)
    file = stack.root / "config" / "redis" / "redis.conf"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = file.read_text().splitlines()
    assert {'bind "127.0.0.1"', 'port "20011"', 'appendonly "yes"', 'requirepass "redis-password"'} <= set(lines)


def test_postgres_is_safe_and_unreachable_from_elsewhere(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "programs", lambda: Path("programs"))
    arguments = postgres.launch("postgres-b", stack).arguments
    settings = dict(each.split("=", 1) for each in arguments if "=" in each)
    assert settings["fsync"] == settings["synchronous_commit"] == "on"
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["unix_socket_directories"] == ""
    assert settings["port"] == "20009"


def test_a_killed_servers_lock_is_put_out_of_use_but_kept(tmp_path: Path) -> None:
    lock = tmp_path / "postmaster.pid"
    lock.write_text(f"{postgres.NO_PID + 1}\nthe rest\n")
    postgres._bury(tmp_path)
    assert lock.read_text() == f"{postgres.NO_PID}\nthe rest\n"


def test_a_pom_names_every_artifact() -> None:
    written = pom("kafka", ["org.example:one:1.0", "org.example:two:2.0"])
    assert "<artifactId>one</artifactId><version>1.0</version>" in written
    assert "<artifactId>two</artifactId><version>2.0</version>" in written


def test_addresses_carry_what_clients_need(stack: Stack) -> None:
    addresses = Addresses.of(stack)
    assert addresses.kafka == "127.0.0.1:20000"
    assert addresses.cassandra == ("127.0.0.1", 20_002)
    assert addresses.postgres == (
        "postgresql://filmroll:postgres-password@127.0.0.1:20008/filmroll",
        "postgresql://filmroll:postgres-password@127.0.0.1:20009/filmroll",
    )
    assert addresses.postgres_replicas == ("postgresql://filmroll:postgres-password@127.0.0.1:20010/filmroll",)
    assert addresses.redis == "redis://:redis-password@127.0.0.1:20011/0"


def test_a_setting_is_given_only_when_all_its_servers_run(stack: Stack) -> None:
    addresses = Addresses.of(stack)
    assert addresses.environment({"redis", "postgres-a"}).keys() == {"FILMROLL_REDIS"}
    both = addresses.environment({"postgres-a", "postgres-b"})
    assert both == {"FILMROLL_POSTGRES": ",".join(addresses.postgres)}
    assert len(addresses.environment(set(SERVICES))) == len(fields(Addresses))
