"""How often Python looks for cycles of garbage: seldom, because facts come by the thousand and hold none.

By default it looks after every 700 objects that came and stayed. Feeding 100,000 facts to counters then takes half as
long again, all of it spent on going through facts that are about to be let go anyway (`tests/bench/streaming.py`).
"""

import gc
from typing import Final

_NEW: Final = 50_000
_ROUNDS: Final = 20


def collect_seldom() -> None:
    """Look after so many objects that a batch of facts is gone by then; for the whole process, from now on."""
    gc.set_threshold(_NEW, _ROUNDS, _ROUNDS)
