"""Fixtures that every room's tests may ask for."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people import leave
from tests.servers import Servers
from tests.serving import Server, realm


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the whole cluster profile comes last: until then its processes needn't run."""
    items.sort(key=_needs_the_whole_cluster)


def _needs_the_whole_cluster(item: pytest.Item) -> bool:
    return (
        item.get_closest_marker("cluster") is not None
        and item.path.parent.name in {"api", "page", "story"}
        and item.path.stem != "test_cluster_faults"
    )


@pytest.fixture(scope="session", autouse=True)
def _nobody_stays() -> Iterator[None]:
    yield
    leave()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One embedded server for all tests that don't hurt it."""
    running = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield running
    running.stop()


@pytest.fixture
def url(server: Server) -> str:
    """Where it answers."""
    return server.url


ALL_SERVERS = ("kafka", "cassandra", "opensearch", "minio", "postgres-a", "postgres-b", "postgres-a-replica", "redis")


@pytest.fixture(scope="session")
def cluster_server(stack: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The whole cluster profile: API, relay, workers and media workers over the real servers."""
    from tests.cluster import borrow, give_back  # their drivers come with the extra `cluster`
    from tests.databases import drop, fresh, on_replica
    from tests.infra.onnx import models  # the same, with the extra `detect`

    addresses = stack.need(*ALL_SERVERS)
    databases, space = fresh(addresses.postgres), borrow(addresses)
    environment = realm(f"story_{uuid.uuid4().hex[:12]}", databases) | {
        "FILMROLL_CASSANDRA_KEYSPACE": space,
        "FILMROLL_LOGS": "16",
        "FILMROLL_POSTGRES_REPLICAS": on_replica(addresses.postgres_replicas[0], databases[0]),
        "FILMROLL_KAFKA_WORK_PARTITIONS": "8",
        "FILMROLL_CATCH_UP_S": "20",
        "FILMROLL_CELEBRITY_UP": "3",  # so that every story has authors who become celebrities, and cease to be
        "FILMROLL_CELEBRITY_DOWN": "2",
    }
    environment |= models.settings(tmp_path_factory.mktemp("model"), None, "Cinnabar", "Verdigris", "Lapis lazuli")
    data = tmp_path_factory.mktemp("cluster") / "data"
    running = Server(data, "--stack", str(stack.root), "--workers", "2", command="up", environment=environment)
    yield running.start(deadline_s=240)
    running.stop()
    drop(databases)
    give_back(addresses, space)


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.cluster)])
def any_url(request: pytest.FixtureRequest) -> str:
    """Where either profile answers: a story told with this is told of both."""
    fixture = "server" if request.param == "embedded" else "cluster_server"
    return str(request.getfixturevalue(fixture).url)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder for a server of one's own."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The real servers, each started when a test first needs it."""
    servers = Servers(tmp_path_factory.mktemp("stack"))
    yield servers
    if "cassandra" in servers.needed:
        from tests.cluster import drop_spares  # its driver comes with the extra `cluster`

        drop_spares()
    servers.stop()
