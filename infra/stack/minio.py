"""MinIO: one object storage server on one directory."""

from pathlib import Path

import httpx

from infra.stack import ports, tools
from infra.stack.errors import Missing
from infra.stack.layout import Stack, private
from infra.stack.service import Launch, Service, Tell
from infra.stack.versions import MINIO

NAME = "minio"
MODULE = f"github.com/minio/minio@{MINIO}"

SETTINGS = {
    "MINIO_BROWSER": "off",
    "MINIO_UPDATE": "off",
}


def _software(cache: Path) -> Path:
    return cache / f"minio-{MINIO}"


def missing(cache: Path) -> list[Missing]:
    """What MinIO needs and the machine lacks."""
    return [] if _software(cache).exists() else tools.lacking(NAME, ["go"])


def fetch(cache: Path, tell: Tell) -> None:
    """MinIO is published as source only."""
    tools.build_go(_software(cache), MODULE, tell)


def configure(stack: Stack, _tell: Tell) -> None:
    """Make the data directory."""
    private(stack.data(NAME))


def launch(stack: Stack) -> Launch:
    """The server's command; its keys travel by environment, which other users can't read."""
    keys = {"MINIO_ROOT_USER": stack.secrets.minio_access_key, "MINIO_ROOT_PASSWORD": stack.secrets.minio_secret_key}
    program = str(_software(stack.cache) / "minio")
    address = f"{ports.HOST}:{stack.port(NAME)}"
    return Launch((program, "server", str(stack.data(NAME)), "--address", address), SETTINGS | keys)


def answers(stack: Stack) -> bool:
    """Whether the server can read and write."""
    try:
        health = httpx.get(f"http://{ports.HOST}:{stack.port(NAME)}/minio/health/cluster", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return health.status_code == httpx.codes.OK


MINIO_SERVICE = Service(NAME, (NAME,), missing, fetch, configure, launch, answers)
