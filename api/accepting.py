"""Content negotiation: how much a client likes what it could be given (RFC 9110, sections 12.4.2 and 12.5.1)."""

from typing import Final

ANYTHING: Final = "*/*"


def liking(accept: str | None, kind: str) -> float:
    """The weight, 0 to 1, that an `Accept` header gives a media type: its most specific range counts; without one, 1."""
    weights = _weights(accept or ANYTHING)
    for wanted in (kind, f"{kind.partition('/')[0]}/*", ANYTHING):
        if wanted in weights:
            return weights[wanted]
    return 0.0


def named(accept: str | None, *kinds: str) -> float:
    """The greatest weight that the header gives one of these by its name, ranges left out."""
    weights = _weights(accept or "")
    return max((weights.get(kind, 0.0) for kind in kinds), default=0.0)


def _weights(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, _, parameters = part.strip().partition(";")
        found[kind.strip()] = max(found.get(kind.strip(), 0.0), _weight(parameters))
    return found


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
