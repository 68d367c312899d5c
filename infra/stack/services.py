"""Every server of the cluster profile, by name."""

from collections.abc import Iterable

from infra.stack.cassandra import CASSANDRA_SERVICE
from infra.stack.errors import StackError
from infra.stack.kafka import KAFKA_SERVICE
from infra.stack.minio import MINIO_SERVICE
from infra.stack.opensearch import OPENSEARCH_SERVICE
from infra.stack.postgres import POSTGRES_SERVICES
from infra.stack.redis import REDIS_SERVICE
from infra.stack.service import Service

SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        KAFKA_SERVICE,
        CASSANDRA_SERVICE,
        OPENSEARCH_SERVICE,
        MINIO_SERVICE,
        *POSTGRES_SERVICES,
        REDIS_SERVICE,
    )
}
GROUPS = {"postgres": tuple(service.name for service in POSTGRES_SERVICES)}


def one(name: str) -> Service:
    """The server of this name; StackError when there is none."""
    try:
        return SERVICES[name]
    except KeyError:
        raise StackError(f"there is no server {name}; there are {', '.join(SERVICES)}") from None


def chosen(names: Iterable[str]) -> list[Service]:
    """These servers and those that they need, in an order in which they can start; all of them when none is named."""
    wanted: dict[str, Service] = {}

    def add(name: str) -> None:
        for each in GROUPS.get(name, (name,)):
            service = one(each)
            for needed in service.after:
                add(needed)
            wanted.setdefault(each, service)

    for name in list(names) or SERVICES:
        add(name)
    return list(wanted.values())
