"""Fixtures that every room's tests may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people import leave
from tests.servers import Servers
from tests.serving import Server


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


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder for a server of one's own."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The real servers, each started when a test first needs it."""
    servers = Servers(tmp_path_factory.mktemp("stack"))
    yield servers
    servers.stop()
