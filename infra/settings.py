"""Settings: every one has a default, a `FILMROLL_…` variable, and a sentence; read once, at start."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "FILMROLL_"
_PAIRS: Final = r"^\s*([a-z][a-z0-9_-]{{0,31}}\s*=\s*{0}\s*(,\s*[a-z][a-z0-9_-]{{0,31}}\s*=\s*{0}\s*){{0,15}})?$"
"""`name=value`, by commas."""
_PASSWORD: Final = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")


class Settings(BaseSettings):
    """What can be set, and what holds where nothing is."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    profile: Literal["embedded", "cluster"] = Field(
        "embedded", description="One process with SQLite and files, or the real servers below."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    data: Path = Field(Path("filmroll-data"), description="Folder of the embedded profile: events, read models, files.")
    base_url: str | None = Field(None, description="Address under which clients reach the server, for links to files.")
    secret: SecretStr | None = Field(
        None, description="Root secret, at least 32 characters; made and kept in the data folder where not set."
    )
    logs: int | None = Field(
        None, ge=1, le=1024, description="Logs of a new installation, for ever; 1 embedded, 64 in a cluster."
    )
    synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL",
        description="SQLite's `synchronous` for the event store; NORMAL may lose the last commits in a power cut.",
    )

    token_key: int = Field(
        1,
        ge=1,
        description="Generation of the key that signs access tokens; those of the one before and after count too.",
    )
    access_token_s: int = Field(3600, ge=1, description="Life of an access token, seconds.")
    erase_after_s: float = Field(
        10.0, ge=0, description="How long a closed account waits before it is erased: longer than any command, seconds."
    )
    catch_up_s: float = Field(2.0, ge=0, description="How long a read waits for its X-Min-Position, seconds.")
    request_s: float = Field(10.0, gt=0, description="How long a request may take, but for streams and files, seconds.")
    warm_s: float = Field(
        10.0,
        ge=0,
        description="Seconds that a server which starts fills caches for at most, beside requests; 0 for none.",
    )
    rate_member: int = Field(60_000, ge=0, description="Points that a member may spend a minute; 0 for no limit.")
    rate_address: int = Field(
        60_000, ge=0, description="Points a minute for an address without a login; 0 for no limit."
    )
    rate_reads: bool = Field(False, description="Whether reads cost points too.")
    password_tries: int = Field(20, ge=1, description="Wrong passwords in 15 minutes, per name and address.")
    cors_origins: str = Field("", description="Origins whose pages may call the API, separated by commas; * for all.")
    body_limit: int = Field(1_048_576, ge=1024, description="Largest JSON body, bytes.")
    password_memory_kib: int = Field(19_456, ge=8, description="Memory of one Argon2id hash, KiB.")
    password_passes: int = Field(2, ge=1, description="Passes of one Argon2id hash.")

    timeline_days: float = Field(
        90.0, ge=0, le=90, description="Days of home feeds written ahead; what is older is read from authors' lists."
    )
    celebrity_up: int = Field(
        10_000, ge=1, description="Followers that make an author a celebrity: merged into feeds, not fanned out."
    )
    celebrity_down: int = Field(8_000, ge=1, description="Followers below which an author is a celebrity no longer.")

    media_workers: int = Field(
        max(1, (os.cpu_count() or 2) - 1), ge=1, description="Processes that render photos beside the server."
    )
    media_sizes: str = Field(
        "",
        pattern=r"^\s*([1-9]\d{1,3}\s*(,\s*[1-9]\d{1,3}\s*){0,15})?$",
        description="Sizes to render beside the usual ones, pixels of the longer side, by commas; a recipe of its own.",
    )
    media_max_pixels: int = Field(100_000_000, ge=1, description="Pixels above which a file is a decompression bomb.")
    media_seconds: float = Field(60.0, gt=0, description="Seconds that one file may take to render.")
    media_memory: int = Field(
        3_221_225_472, ge=268_435_456, description="Memory that one rendering process may use, bytes."
    )
    media_sweep_s: float = Field(
        3600.0, gt=0, description="How often uploads that nobody may use any more are swept away, seconds."
    )
    media_tiers: str = Field(
        "warm=30,cold=90,frozen=365",
        pattern=_PAIRS.format(r"[1-9]\d{0,4}"),
        description="Tiers of originals, each from so many days after the upload on: name=days, by commas.",
    )
    media_tier_folders: str = Field(
        "",
        pattern=_PAIRS.format(r"[^,=]+"),
        description="Embedded: folder of each tier, name=folder, by commas; one without is left out.",
    )

    detect_model: str = Field(
        "", description="Model that looks at photos once they are ready, an ONNX file; no photo is looked at without."
    )
    detect_labels: str = Field("", description="What the model's labels are called: a text file, a line for each.")
    detect_pixels: Literal["unit", "signed", "imagenet", "bytes"] = Field(
        "unit", description="How the model takes pixels: 0 to 1, -1 to 1, by ImageNet's mean and deviation, 0 to 255."
    )
    detect_scores: Literal["plain", "softmax", "sigmoid"] = Field(
        "plain", description="What makes probabilities of the model's scores; plain where they are probabilities."
    )
    detect_boxes: Literal["xyxy", "yxyx", "cxcywh"] = Field(
        "xyxy", description="How the model gives boxes, in fractions of the picture: two corners, or centre and size."
    )
    detect_confidence: float = Field(0.5, ge=0, le=1, description="How sure the model must be of what is told.")
    detect_batch: int = Field(8, ge=1, le=1024, description="Photos that the model looks at together, at the most.")
    detect_seconds: float = Field(
        60.0, gt=0, description="Seconds that a batch may take, and the opening of the model with the first."
    )

    postgres: str = Field("", description="Cluster: databases of the event store's logs, DSNs separated by commas.")
    postgres_replicas: str = Field("", description="Cluster: read replicas, DSN=of-which-database's number, by commas.")
    postgres_pool: int = Field(20, ge=5, description="Cluster: most connections to a database from one process.")
    kafka: str = Field("", description="Cluster: Kafka's bootstrap servers.")
    kafka_replication: int = Field(1, ge=1, description="Cluster: copies of each topic.")
    kafka_partitions: int = Field(16, ge=1, le=1024, description="Cluster: partitions of the event topic.")
    kafka_work_partitions: int = Field(64, ge=1, le=1024, description="Cluster: partitions of each topic of work.")
    kafka_prefix: str = Field("", description="Cluster: what topics and groups begin with, where a broker is shared.")
    kafka_session_s: float = Field(10.0, ge=1, description="Cluster: after how long a silent worker counts as dead.")
    work_again_s: float = Field(30.0, gt=0, description="Cluster: after how long a waiting photo is handed out again.")
    worker_stall_s: float = Field(120.0, gt=0, description="Cluster: seconds without progress that end a worker.")
    metrics_port: int = Field(0, ge=0, le=65_535, description="Cluster: metrics of relay and workers; 0 for none.")
    cassandra: str = Field("", description="Cluster: Cassandra's contact points, host:port, separated by commas.")
    cassandra_keyspace: str = Field("filmroll", description="Cluster: Cassandra's keyspace.")
    cassandra_replication: int = Field(1, ge=1, description="Cluster: copies of each row.")
    redis: str = Field("", description="Cluster: Redis URL.")
    opensearch: str = Field("", description="Cluster: OpenSearch URL.")
    minio_endpoint: str = Field("", description="Cluster: MinIO or S3 endpoint, host:port.")
    minio_public_url: str = Field(
        "", description="Cluster: where clients reach MinIO, for links to files; http://<endpoint> where not set."
    )
    minio_access_key: SecretStr = Field(SecretStr(""), description="Cluster: MinIO access key.")
    minio_secret_key: SecretStr = Field(SecretStr(""), description="Cluster: MinIO secret key.")
    minio_bucket: str = Field("filmroll", description="Cluster: bucket of originals and variants.")
    minio_tiers: str = Field(
        "",
        pattern=_PAIRS.format(r"[A-Za-z0-9_-]{1,64}"),
        description="Cluster: storage class (S3) or remote tier (MinIO) of each tier, name=class, by commas.",
    )

    slow_query_ms: float = Field(
        100.0, ge=0, description="From how many milliseconds on a store's query is logged, with its plan; 0 for all."
    )
    log_format: Literal["console", "json"] = Field("console", description="How log lines are written.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least of what is logged.")

    @property
    def added_sizes(self) -> tuple[int, ...]:
        """The sizes of `media_sizes`, each once, in rising order."""
        return tuple(sorted({int(each) for each in self.media_sizes.split(",") if each.strip()}))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it holds now, for people to read."""

    name: str
    variable: str
    value: str
    source: Literal["default", "environment", "command line"]
    description: str


def described(settings: Settings, given: dict[str, Any]) -> Iterator[Setting]:
    """Every setting with its value and where it comes from; secrets are hidden."""
    for name, field in Settings.model_fields.items():
        variable = f"{PREFIX}{name.upper()}"
        value = getattr(settings, name)
        yield Setting(
            name=name,
            variable=variable,
            value=_shown(value),
            source="command line" if name in given else "environment" if variable in os.environ else "default",
            description=field.description or "",
        )


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return "********" if isinstance(value, SecretStr) else _PASSWORD.sub(r"\1********@", str(value))
