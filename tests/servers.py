"""The real servers of the cluster profile, for tests marked `cluster`: brought up when first asked for, once a session.

`FILMROLL_STACK_DIR` names a stack to use instead; what runs there is left alone, and left running.
"""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from infra.stack import control
from infra.stack.addresses import Addresses
from infra.stack.layout import default_cache

SHARED = "FILMROLL_STACK_DIR"


class Servers:
    """A stack of which each test names the servers that it needs."""

    def __init__(self, own: Path) -> None:
        named = os.environ.get(SHARED)
        self.root = Path(named or own)
        self._shared = bool(named)
        self.needed: set[str] = set()

    def need(self, *names: str) -> Addresses:
        """Have these running. What can't run here skips the test by name; in CI it fails it."""
        if lacking := control.missing(names, default_cache()):
            _unavailable("\n".join(map(str, lacking)))
        self.needed.update(names)
        return control.up(self.root, default_cache(), names)

    def stop(self) -> None:
        """Take down what was started here."""
        if not self._shared:
            control.down(self.root, wipe=True)


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
