"""Where a stack's files lie, and the ports and secrets that are its own."""

import os
import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from infra.stack.ports import OFFSETS

DEFAULT_ROOT = Path(".stack")  # of the working directory


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords made once per stack; they are kept in its state file, readable by its owner only."""

    minio_access_key: str
    minio_secret_key: str
    postgres_password: str
    redis_password: str

    @classmethod
    def generate(cls) -> "Secrets":
        """New secrets, safe to put into a URL as they are."""
        return cls(*(secrets.token_hex(length) for length in (10, 20, 20, 20)))

    def as_dict(self) -> dict[str, str]:
        """The secrets by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: the directory it owns, the software it runs, its ports and its secrets."""

    root: Path
    cache: Path
    base: int
    secrets: Secrets

    def port(self, name: str) -> int:
        """The port of a server, or of one of its inner ends (`kafka-controller`)."""
        return self.base + OFFSETS[name]

    def config(self, name: str) -> Path:
        """The directory of a server's configuration."""
        return self.root / "config" / name

    def data(self, name: str) -> Path:
        """The directory of a server's data."""
        return self.root / "data" / name

    def log(self, name: str) -> Path:
        """The file that a server's output is appended to."""
        return log_file(self.root, name)


def log_file(root: Path, name: str) -> Path:
    """The log of a server of the stack in `root`."""
    return root / "logs" / f"{name}.log"


def private(*directories: Path) -> None:
    """Make directories that only their owner may enter."""
    for directory in directories:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def annex(root: Path) -> Path:
    """Where data goes whose server may not pass through the directories above `root` (a root user's home, say)."""
    tag = sha256(os.fsencode(root)).hexdigest()[:16]
    return Path(os.sep, "var", "tmp", f"filmroll-stack-{tag}")


def default_cache() -> Path:
    """Where fetched software is kept for every stack of this user."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "filmroll" / "stack"
