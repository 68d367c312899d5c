"""Cassandra: one node, quick to start and to restart."""

import json
from pathlib import Path

from infra.stack import java, ports, tools, wire
from infra.stack.errors import Missing
from infra.stack.layout import Stack, private
from infra.stack.service import Launch, Service, Tell
from infra.stack.versions import CASSANDRA

NAME = "cassandra"
HEAP = java.heap("512m", "1g")

SETTINGS = {
    "cluster_name": "filmroll",
    "num_tokens": "1",
    "endpoint_snitch": "SimpleSnitch",
}

# Given as system properties, so that the container image can be given the very same.
PROPERTIES = {
    "cassandra.skip_wait_for_gossip_to_settle": "0",
    "cassandra.ring_delay_ms": "100",
    "cassandra.superuser_setup_delay_ms": "0",
    "cassandra.config.allow_system_properties": "true",
    "cassandra.settings.auto_snapshot": "false",  # truncating and dropping, as tests do, would copy the data each time
    "cassandra.settings.commitlog_segment_size": "16MiB",
    "cassandra.settings.commitlog_total_space": "256MiB",
}

EXPORTS = {
    "java.base": ("jdk.internal.misc", "jdk.internal.ref", "sun.nio.ch", "java.lang.ref"),
    "java.management.rmi": ("com.sun.jmx.remote.internal.rmi",),
    "java.rmi": ("sun.rmi.registry", "sun.rmi.server"),
    "java.sql": ("java.sql",),
    "jdk.unsupported": ("sun.misc",),
}
OPENS = {
    "java.base": (
        "java.lang", "java.lang.module", "java.lang.reflect", "java.io", "java.nio", "java.util", "java.util.concurrent",
        "java.util.concurrent.atomic", "jdk.internal.loader", "jdk.internal.ref", "jdk.internal.reflect",
        "jdk.internal.math", "jdk.internal.module", "jdk.internal.util.jar", "sun.nio.ch",
    ),
    "jdk.management": ("com.sun.management.internal",),
}  # fmt: skip

LOGGING = """<configuration>
 <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
  <encoder><pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
 </appender>
 <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"""


def _software(cache: Path) -> Path:
    return cache / f"cassandra-{CASSANDRA}"


def missing(cache: Path) -> list[Missing]:
    """What Cassandra needs and the machine lacks."""
    return tools.lacking(NAME, ["java"] if _software(cache).exists() else ["java", "mvn"])


def fetch(cache: Path, tell: Tell) -> None:
    """Cassandra's jars from Maven Central."""
    tools.fetch_jars(_software(cache), [f"org.apache.cassandra:cassandra-all:{CASSANDRA}"], tell)


def settings(stack: Stack) -> dict[str, object]:
    """The node's whole configuration file."""
    data = stack.data(NAME)
    return SETTINGS | {
        "num_tokens": int(SETTINGS["num_tokens"]),
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "commitlog_sync": "periodic",
        "commitlog_sync_period": "1000ms",
        "listen_address": ports.HOST,
        "rpc_address": ports.HOST,
        "storage_port": stack.port("cassandra-storage"),
        "native_transport_port": stack.port(NAME),
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": f"{ports.HOST}:{stack.port('cassandra-storage')}"}],
            }
        ],
        "data_file_directories": [str(data / "data")],
        "commitlog_directory": str(data / "commitlog"),
        "saved_caches_directory": str(data / "saved_caches"),
        "hints_directory": str(data / "hints"),
        "cdc_raw_directory": str(data / "cdc_raw"),
    }


def configure(stack: Stack, _tell: Tell) -> None:
    """Write the configuration (JSON, which is YAML too) and how to log."""
    directory = stack.config(NAME)
    private(directory, stack.data(NAME))
    (directory / "cassandra.yaml").write_text(json.dumps(settings(stack), indent=1))
    (directory / "logback.xml").write_text(LOGGING)


def launch(stack: Stack) -> Launch:
    """The node's command; without a remote management port."""
    directory = stack.config(NAME)
    own = {
        "cassandra.config": (directory / "cassandra.yaml").as_uri(),
        "cassandra.storagedir": str(stack.data(NAME)),
        "cassandra-foreground": "yes",
        "jdk.attach.allowAttachSelf": "true",
        "logback.configurationFile": (directory / "logback.xml").as_uri(),
    }
    modules = (*java.open_up("--add-exports", EXPORTS), *java.open_up("--add-opens", OPENS))
    options = (*HEAP, *java.define(PROPERTIES | own), *modules)
    return Launch(
        ("java", *options, "-cp", f"{_software(stack.cache)}/*", "org.apache.cassandra.service.CassandraDaemon")
    )


def answers(stack: Stack) -> bool:
    """Whether the node answers a query."""
    return wire.cassandra_answers(stack.port(NAME))


CASSANDRA_SERVICE = Service(NAME, (NAME, "cassandra-storage"), missing, fetch, configure, launch, answers)
