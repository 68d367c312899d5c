"""Kafka: one node that is broker and controller at once (KRaft)."""

from pathlib import Path

from infra.stack import java, ports, tools, wire
from infra.stack.errors import Missing
from infra.stack.layout import Stack, private
from infra.stack.service import Launch, Service, Tell
from infra.stack.versions import KAFKA, SLF4J

NAME = "kafka"
HEAP = java.heap("256m", "512m")
CLUSTER_ID = "ZmlsbXJvbGwtc3RhY2stMQ"  # any 16 bytes in base 64; one node has nothing to be told apart from

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",  # topics are created by the program, from settings
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # lets fault tests lose a worker quickly
    "broker.session.timeout.ms": "3000",  # a restart after a crash waits for the old session to end
    "broker.heartbeat.interval.ms": "500",
    "log.index.size.max.bytes": "1048576",
}


def _software(cache: Path) -> Path:
    return cache / f"kafka-{KAFKA}"


def missing(cache: Path) -> list[Missing]:
    """What Kafka needs and the machine lacks."""
    return tools.lacking(NAME, ["java"] if _software(cache).exists() else ["java", "mvn"])


def fetch(cache: Path, tell: Tell) -> None:
    """Kafka's jars from Maven Central."""
    tools.fetch_jars(
        _software(cache), [f"org.apache.kafka:kafka_2.13:{KAFKA}", f"org.slf4j:slf4j-simple:{SLF4J}"], tell
    )


def properties(stack: Stack) -> dict[str, str]:
    """The broker's whole configuration."""
    client, controller = stack.port(NAME), stack.port("kafka-controller")
    return SETTINGS | {
        "listeners": f"PLAINTEXT://{ports.HOST}:{client},CONTROLLER://{ports.HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{ports.HOST}:{client}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@{ports.HOST}:{controller}",
        "log.dirs": str(stack.data(NAME)),
    }


def configure(stack: Stack, tell: Tell) -> None:
    """Write the properties; format the data directory once."""
    file = _properties_file(stack)
    private(file.parent)
    file.write_text(java.properties_file(properties(stack)))
    if not (stack.data(NAME) / "meta.properties").exists():
        tell("formatting its data directory")
        command = (*_java(stack), "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(file))
        tools.run(command, what="formatting Kafka's data directory")


def launch(stack: Stack) -> Launch:
    """The broker's command."""
    return Launch((*_java(stack), "kafka.Kafka", str(_properties_file(stack))))


def _properties_file(stack: Stack) -> Path:
    return stack.config(NAME) / "server.properties"


def _java(stack: Stack) -> tuple[str, ...]:
    logging = java.define(
        {"org.slf4j.simpleLogger.showDateTime": "true", "org.slf4j.simpleLogger.defaultLogLevel": "warn"}
    )
    return ("java", *HEAP, *logging, "-cp", f"{_software(stack.cache)}/*")


def answers(stack: Stack) -> bool:
    """Whether clients would find a usable broker."""
    return wire.kafka_has_brokers(stack.port(NAME))


KAFKA_SERVICE = Service(NAME, (NAME, "kafka-controller"), missing, fetch, configure, launch, answers)
