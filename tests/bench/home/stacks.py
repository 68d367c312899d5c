"""The servers that a benchmark of the cluster runs on."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.stack import control
from infra.stack.addresses import Addresses
from infra.stack.layout import default_cache


@contextmanager
def running(*names: str) -> Iterator[tuple[Path, Addresses]]:
    """These servers of the stack that FILMROLL_STACK_DIR names, else of a fresh one that is gone afterwards."""
    named = os.environ.get("FILMROLL_STACK_DIR")
    with tempfile.TemporaryDirectory() as own:
        root = Path(named or own)
        try:
            yield root, control.up(root, default_cache(), names)
        finally:
            if named is None:
                control.down(root, wipe=True)
