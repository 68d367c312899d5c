"""The installation: what is decided once for a data folder, and the secrets that everything signs and encrypts with."""

import hmac
import json
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.settings import Settings

_FILE: Final = "installation.json"
_LEAST_SECRET: Final = 32
EMBEDDED_LOGS: Final = 1
"""Logs of a new embedded installation, where the settings don't say."""


class InstallationError(Exception):
    """The data folder and the settings contradict each other."""


@dataclass(frozen=True, slots=True)
class Installation:
    """How many logs there are, for ever, and the root of all keys."""

    logs: int
    root: bytes

    def key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, derived from the root (HKDF, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"filmroll:{purpose}".encode()).derive(self.root)

    def token_keys(self, current: int) -> dict[str, bytes]:
        """The keys that access tokens may be signed with while `current` signs new ones, by generation.

        The one before counts until its tokens expire; the one after already counts, because processes of a cluster
        are restarted one by one, and must take each other's tokens meanwhile.
        """
        return {
            str(generation): self.key(f"access-tokens:{generation}")
            for generation in (current - 1, current, current + 1)
            if generation >= 1
        }

    def fingerprint(self, text: str) -> str:
        """A keyed hash of a personal text: the same for the same text here, and of no use elsewhere."""
        return hmac.new(self.key("fingerprint"), text.encode(), sha256).hexdigest()[:40]


def open_installation(settings: Settings, *, create: bool) -> Installation:
    """Read the data folder's record; with `create`, make it on the first start."""
    path = settings.data / _FILE
    try:
        held = json.loads(path.read_text())
    except FileNotFoundError:
        if not create:
            raise InstallationError(
                f"There is no installation in {settings.data}; name its folder with --data."
            ) from None
        held = _found(settings, path)
    if settings.logs not in (None, held["logs"]):
        raise InstallationError(
            f"{settings.data} has {held['logs']} logs, for ever; the settings ask for {settings.logs}."
        )
    stated = settings.secret.get_secret_value() if settings.secret else None
    if stated is not None and len(stated) < _LEAST_SECRET:
        raise InstallationError(f"FILMROLL_SECRET must have at least {_LEAST_SECRET} characters.")
    root = sha256(stated.encode()).digest() if stated else bytes.fromhex(held["secret"] or "")
    if proof_of(root) != held["proof"]:
        raise InstallationError(f"FILMROLL_SECRET is not the one that {settings.data} was made with.")
    return Installation(held["logs"], root)


def proof_of(root: bytes) -> str:
    """What tells a root secret from another without giving it away."""
    return sha256(b"proof:" + root).hexdigest()


def _found(settings: Settings, path: Path) -> dict[str, str | int | None]:
    """Write the record whole or not at all, readable by its owner alone; a set secret is proven, not stored."""
    settings.data.mkdir(parents=True, exist_ok=True)
    stated = settings.secret.get_secret_value() if settings.secret else None
    root = sha256(stated.encode()).digest() if stated else secrets.token_bytes(32)
    record = {
        "logs": settings.logs or EMBEDDED_LOGS,
        "secret": None if stated else root.hex(),
        "proof": proof_of(root),
    }
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)  # fails where another process was first, whose record then holds
    except FileExistsError:
        return dict(json.loads(path.read_text()))
    finally:
        partial.unlink()
    return record
