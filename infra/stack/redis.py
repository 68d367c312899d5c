"""Redis: one server that keeps an append-only file."""

import os
import shutil
from pathlib import Path

from infra.stack import ports, tools, wire
from infra.stack.errors import Missing
from infra.stack.layout import Stack, private
from infra.stack.service import Launch, Service, Tell

NAME = "redis"
PACKAGE = "redis-server"

SETTINGS = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",  # no snapshots beside it
    "maxmemory-policy": "noeviction",  # counts live here: losing one silently would be worse than refusing
}


def missing(_cache: Path) -> list[Missing]:
    """What Redis needs and the machine lacks."""
    return [] if shutil.which(PACKAGE) else tools.missing_package(NAME, PACKAGE)


def fetch(cache: Path, tell: Tell) -> None:
    """Redis from Debian."""
    if shutil.which(PACKAGE) is None:
        tools.install_package(cache, PACKAGE, tell)


def configuration(stack: Stack) -> str:
    """The server's whole configuration file, its password included."""
    own = {
        "bind": ports.HOST,
        "port": str(stack.port(NAME)),
        "dir": str(stack.data(NAME)),
        "requirepass": stack.secrets.redis_password,
        "daemonize": "no",
    }
    return "".join(f'{name} "{value}"\n' for name, value in (SETTINGS | own).items())


def configure(stack: Stack, _tell: Tell) -> None:
    """Write the configuration for the owner's eyes only."""
    file = _file(stack)
    private(file.parent, stack.data(NAME))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(configuration(stack))


def _file(stack: Stack) -> Path:
    return stack.config(NAME) / "redis.conf"


def launch(stack: Stack) -> Launch:
    """The server's command."""
    return Launch((PACKAGE, str(_file(stack))))


def answers(stack: Stack) -> bool:
    """Whether the server has loaded its data and answers."""
    return wire.redis_pings(stack.port(NAME), stack.secrets.redis_password)


REDIS_SERVICE = Service(NAME, (NAME,), missing, fetch, configure, launch, answers)
