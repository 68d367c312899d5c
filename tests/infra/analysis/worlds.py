"""Histories for tests of analysis: one of every event, and a lively small world."""

import dataclasses

from domain.events import EVENT_TYPES
from domain.wire import erased, from_wire, to_wire
from tests.golden.samples import sample
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog

STEPS = [
    ("join", 0, 0, 0),
    ("join", 1, 0, 0),
    ("follow", 0, 1, 0),
    ("upload", 0, 0, 1),
    ("process", 0, 1, 2),
    ("like", 1, 0, 0),
    ("comment", 0, 0, 1),
    ("profile", 1, 1, 1),
]


def lively(times: int = 20, logs: int = 3) -> World:
    return World(MemoryLog(logs)).live(*STEPS * times)


def one_of_each(logs: int = 2) -> MemoryLog:
    log = MemoryLog(logs)
    for slot, known in enumerate(EVENT_TYPES.values()):
        log.append(slot, f"stream-{known.name}", sample(known))
    return log


def forgotten(log: MemoryLog) -> MemoryLog:
    """A log that gives personal fields as erased, as a store does once keys are gone."""
    for facts in log.facts.values():
        for at, fact in enumerate(facts):
            name, wire = to_wire(fact.event)
            facts[at] = dataclasses.replace(fact, event=from_wire(name, erased(EVENT_TYPES[name], wire)))
    return log
