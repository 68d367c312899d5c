"""Programs of the machine that fetch the servers: Maven, Go, Debian's packages."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.stack.errors import Failed, Missing
from infra.stack.service import Tell
from infra.stack.state import locked
from infra.stack.versions import MAVEN_DEPENDENCY_PLUGIN

REMEDIES = {
    "java": "Install a Java runtime, version 17 (Debian: apt-get install openjdk-17-jdk-headless).",
    "javac": "Install a Java development kit, version 17 (Debian: apt-get install openjdk-17-jdk-headless).",
    "mvn": "Install Maven, which fetches it (Debian: apt-get install maven).",
    "go": "Install Go 1.24 or newer, which builds it (https://go.dev/doc/install).",
}

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
 <modelVersion>4.0.0</modelVersion>
 <groupId>filmroll</groupId> <artifactId>{name}</artifactId> <version>1</version>
 <dependencies>
{dependencies}
 </dependencies>
</project>
"""
DEPENDENCY = "  <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def lacking(service: str, programs: Iterable[str]) -> list[Missing]:
    """What of these programs the machine does not have."""
    return [Missing(service, program, REMEDIES[program]) for program in programs if shutil.which(program) is None]


def run(arguments: Iterable[str], *, what: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end; Failed with its last words if it fails."""
    done = subprocess.run(
        list(arguments),
        env=os.environ | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{what} failed:\n" + "\n".join(done.stdout.splitlines()[-15:]))


def pom(name: str, coordinates: Iterable[str]) -> str:
    """A Maven project that depends on these `group:artifact:version` coordinates and does nothing else."""
    dependencies = "\n".join(DEPENDENCY.format(*each.split(":")) for each in coordinates)
    return POM.format(name=name, dependencies=dependencies)


def fetch_jars(target: Path, coordinates: Iterable[str], tell: Tell) -> None:
    """Fill the directory with these Maven artifacts and all that they need; it appears whole or not at all."""
    with locked(target.parent / "maven.lock"):  # Maven's own store does not bear two at once
        if target.exists():
            return
        tell("fetching from Maven Central")
        partial = _emptied(target)
        (partial / "pom.xml").write_text(pom(target.name, coordinates))
        goal = f"org.apache.maven.plugins:maven-dependency-plugin:{MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies"
        command = ["mvn", "-q", "-B", "--strict-checksums", "-f", str(partial / "pom.xml"), goal]
        run([*command, "-DincludeScope=runtime", f"-DoutputDirectory={partial}"], what=f"fetching {target.name}")
        partial.rename(target)


def build_go(target: Path, module: str, tell: Tell) -> None:
    """Build a Go program into the directory."""
    with locked(target.with_name(f"{target.name}.lock")):
        if target.exists():
            return
        tell("building with Go (some minutes the first time)")
        partial = _emptied(target)
        environment = {"GOBIN": str(partial.absolute()), "CGO_ENABLED": "0"}
        run(
            ["go", "install", "-trimpath", "-ldflags=-s -w", module], what=f"building {module}", environment=environment
        )
        partial.rename(target)


def _emptied(target: Path) -> Path:
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def can_install() -> bool:
    """Whether Debian packages can be installed from here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def missing_package(service: str, package: str) -> list[Missing]:
    """That a Debian package is missing, unless we can install it ourselves."""
    if can_install():
        return []
    return [Missing(service, package, f"Install it as root (Debian: sudo apt-get install {package}).")]


def install_package(cache: Path, package: str, tell: Tell) -> None:
    """Install a Debian package, without starting the server that it would start by itself."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", package]
    with locked(cache / "apt.lock"):
        tell(f"installing the Debian package {package}")
        try:
            run(command, what=f"installing {package}", environment=quiet)
        except Failed:  # package lists may be absent or old
            run(["apt-get", "update", "-q"], what="reading package lists", environment=quiet)
            run(command, what=f"installing {package}", environment=quiet)
