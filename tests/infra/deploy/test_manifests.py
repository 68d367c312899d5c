"""What is deployed fits the program: commands it has, settings it reads, metrics it exposes, and the promised scaling."""

import importlib.util
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

import api
import infra
import streams
from infra.cli import app
from infra.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[3] / "infra" / "deploy"
KUBERNETES, MONITORING = DEPLOY / "kubernetes", DEPLOY / "monitoring"
PROCESSES = ("api", "relay", "workers", "media-workers")
SECRETS = ("secret", "postgres", "postgres_replicas", "redis", "minio_access_key", "minio_secret_key")
FOREIGN = {"up", "kube_deployment_spec_replicas", "process_cpu_seconds_total", "process_resident_memory_bytes"}


def documents(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def manifest(process: str, kind: str) -> dict[str, Any]:
    [found] = [each for each in documents(KUBERNETES / f"{process}.yaml") if each["kind"] == kind]
    return found


def pod(process: str) -> dict[str, Any]:
    template: dict[str, Any] = manifest(process, "Deployment")["spec"]["template"]
    return template


def container(process: str) -> dict[str, Any]:
    [found] = pod(process)["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def expressions() -> list[str]:
    """Everything that is asked of Prometheus, anywhere."""
    [rules] = documents(MONITORING / "alerts.yaml")
    found = [rule["expr"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    found += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for process in ("workers", "media-workers"):
        found += [each["metadata"]["query"] for each in manifest(process, "ScaledObject")["spec"]["triggers"]]
    return found


@pytest.fixture(scope="module")
def exposed() -> dict[str, str]:
    """The source of every metric that the program names, by the metric's name."""
    names: dict[str, str] = {}
    for package in (api, infra, streams):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            spec = importlib.util.find_spec(each.name)
            if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
                source = Path(spec.origin).read_text()
                names |= dict.fromkeys(re.findall(r"\"(filmroll_[a-z_]+)\"", source), source)
    return names


def test_every_file_is_applied_and_every_applied_file_is_there() -> None:
    for directory in (KUBERNETES, MONITORING):
        [customised] = documents(directory / "kustomization.yaml")
        named = set(customised["resources"]) | {
            file for each in customised.get("configMapGenerator", []) for file in each["files"]
        }
        assert all((directory / each).exists() for each in named)
        assert {each.name for each in directory.iterdir()} - {"kustomization.yaml"} == named - {"../monitoring"}


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_is_a_command_of_the_program(process: str) -> None:
    command, *rest = container(process)["args"]
    known = get_command(app).commands[command]  # type: ignore[attr-defined]
    known.make_context(command, list(rest), resilient_parsing=False)


def test_settings_are_settings_and_secrets_are_not_among_them() -> None:
    [given] = documents(KUBERNETES / "settings.yaml")
    fields = {f"{PREFIX}{name.upper()}": name for name in Settings.model_fields}
    assert set(given["data"]) <= set(fields)
    Settings(**{fields[name]: value for name, value in given["data"].items()})
    assert not set(given["data"]) & {f"{PREFIX}{name.upper()}" for name in SECRETS}
    said = (KUBERNETES / "settings.yaml").read_text().split("apiVersion", 1)[0]
    assert all(f"{PREFIX}{name.upper()}" in said for name in SECRETS)
    needed = {"kafka", "cassandra", "opensearch", "minio_endpoint", "minio_public_url", "profile"}
    assert {f"{PREFIX}{name.upper()}" for name in needed} <= set(given["data"])


@pytest.mark.parametrize("process", PROCESSES)
def test_pods_are_confined_and_watched(process: str) -> None:
    made, spec = container(process), pod(process)["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert made["securityContext"]["readOnlyRootFilesystem"]
    assert made["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert made["resources"]["requests"].keys() == {"cpu", "memory"}
    assert {"startupProbe", "livenessProbe"} <= made.keys()
    ports = {port["name"] for port in made["ports"]}
    assert {made[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe")} <= ports
    assert spec["terminationGracePeriodSeconds"] > 20  # after which the program ends itself
    labels = pod(process)["metadata"]["labels"]
    assert manifest(process, "Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert manifest(process, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels


def test_metrics_are_where_the_settings_put_them() -> None:
    [given] = documents(KUBERNETES / "settings.yaml")
    for process in ("relay", "workers", "media-workers"):
        assert str(container(process)["ports"][0]["containerPort"]) == given["data"]["FILMROLL_METRICS_PORT"]
    monitors = {each["kind"]: each["spec"] for each in documents(MONITORING / "monitors.yaml")}
    [wanted] = monitors["PodMonitor"]["selector"]["matchExpressions"]
    assert {*wanted["values"], "api"} == set(PROCESSES)
    assert monitors["ServiceMonitor"]["selector"]["matchLabels"] == manifest("api", "Service")["metadata"]["labels"]


def test_the_api_scales_by_processor_and_memory() -> None:
    spec = manifest("api", "HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 20)
    targets = {each["resource"]["name"]: each["resource"]["target"]["averageUtilization"] for each in spec["metrics"]}
    assert targets == {"cpu": 70, "memory": 80}
    assert "replicas" not in manifest("api", "Deployment")["spec"]  # or each rollout would undo the scaling


@pytest.mark.parametrize("process", ["workers", "media-workers"])
def test_workers_scale_by_lag_on_nodes_that_may_be_taken_away(process: str) -> None:
    spec = manifest(process, "ScaledObject")["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (5, 50)
    formula = spec["advanced"]["scalingModifiers"]["formula"]
    found = re.fullmatch(r"lag > (\d+) \? workers \+ 1 : \(lag < (\d+) \? workers - 1 : workers\)", formula)
    assert found
    assert found.groups() == ("10000", "1000")
    assert [each["name"] for each in spec["triggers"]] == ["lag", "workers"]
    assert pod(process)["spec"]["tolerations"]


def test_what_is_asked_of_prometheus_is_exposed_by_the_program(exposed: dict[str, str]) -> None:
    for expression in expressions():
        assert [expression.count(each) for each in "({["] == [expression.count(each) for each in ")}]"], expression
        plain = re.sub(r"\"[^\"]*\"", '""', expression)
        metrics = set(re.findall(r"\b(?:filmroll|process|kube)_[a-z_]+|\bup\b", plain))
        assert metrics, expression
        for metric in metrics - FOREIGN:
            base = re.sub(r"_(bucket|count|sum|total)$", "", metric)
            assert base in exposed, (metric, expression)
            for labels in re.findall(rf"{metric}{{([^}}]*)}}", plain):
                for label in re.findall(r"(\w+)=", labels):
                    assert f'"{label}"' in exposed[base] or label == "pod", (label, expression)


def test_each_alert_says_whom_to_wake_and_what_it_means() -> None:
    [rules] = documents(MONITORING / "alerts.yaml")
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert len({alert["alert"] for alert in alerts}) == len(alerts)
    for alert in alerts:
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert alert["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"\d+m", alert["for"])
    names = " ".join(alert["alert"] for alert in alerts)
    for wanted in ("HighErrorRate", "EventStoreAway", "HighLatency", "Behind", "Cache", "Processors"):
        assert wanted in names
