"""Where a stack's servers are, as values and as the program's settings."""

from dataclasses import dataclass

from infra.stack import ports, postgres
from infra.stack.layout import Stack


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each server of a stack listens, whether it runs or not; these carry passwords."""

    kafka: str
    cassandra: tuple[str, int]
    opensearch: str
    minio: str
    minio_access_key: str
    minio_secret_key: str
    postgres: tuple[str, ...]
    postgres_replicas: tuple[str, ...]
    redis: str

    @classmethod
    def of(cls, stack: Stack) -> "Addresses":
        """The addresses of this stack."""
        return cls(
            kafka=f"{ports.HOST}:{stack.port('kafka')}",
            cassandra=(ports.HOST, stack.port("cassandra")),
            opensearch=f"http://{ports.HOST}:{stack.port('opensearch')}",
            minio=f"{ports.HOST}:{stack.port('minio')}",
            minio_access_key=stack.secrets.minio_access_key,
            minio_secret_key=stack.secrets.minio_secret_key,
            postgres=tuple(postgres.dsn(stack, name) for name in postgres.PRIMARIES),
            postgres_replicas=(postgres.dsn(stack, postgres.REPLICA),),
            redis=f"redis://:{stack.secrets.redis_password}@{ports.HOST}:{stack.port('redis')}/0",
        )

    def settings(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The program's settings: each variable's value, and the servers that it stands for."""
        return {
            "FILMROLL_KAFKA": (self.kafka, ("kafka",)),
            "FILMROLL_CASSANDRA": (f"{self.cassandra[0]}:{self.cassandra[1]}", ("cassandra",)),
            "FILMROLL_OPENSEARCH": (self.opensearch, ("opensearch",)),
            "FILMROLL_MINIO_ENDPOINT": (self.minio, ("minio",)),
            "FILMROLL_MINIO_ACCESS_KEY": (self.minio_access_key, ("minio",)),
            "FILMROLL_MINIO_SECRET_KEY": (self.minio_secret_key, ("minio",)),
            "FILMROLL_POSTGRES": (",".join(self.postgres), postgres.PRIMARIES),
            "FILMROLL_POSTGRES_REPLICAS": (",".join(self.postgres_replicas), (postgres.REPLICA,)),
            "FILMROLL_REDIS": (self.redis, ("redis",)),
        }

    def environment(self, running: set[str]) -> dict[str, str]:
        """The settings whose servers are all among these."""
        return {name: value for name, (value, servers) in self.settings().items() if running.issuperset(servers)}
