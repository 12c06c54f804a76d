"""A Docker engine with Compose: the machine's own, or one that is made here for the time of the tests.

Where no engine answers, root on Debian can have one: Debian's docker.io started by hand on a socket of its
own, Compose built from its Go module, and a base image debootstrapped and imported under the name that the
Dockerfile asks for, because no image registry may be within reach. Everything is ended again, and the
machine's packet filter is left as it was.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

COMPOSE_MODULE, COMPOSE_VERSION = "github.com/docker/compose/v5", "v5.6.0"
PACKAGES = ("docker.io", "iptables", "debootstrap")
SUITE, BASE = "bookworm", "debian:bookworm-slim"
START_SECONDS = 40
FREE_BYTES = 25 * 1024**3
EMPTY_FILTER = "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n*nat\nCOMMIT\n*raw\nCOMMIT\n"
PLAIN_APT = 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n'
LEAN_DPKG = "".join(f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "man", "locale"))


class CannotRun(Exception):
    """No engine here, and none can be made; the text says why."""


@dataclass(frozen=True)
class Engine:
    """How Docker is called."""

    environment: Mapping[str, str]

    def docker(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run `docker ...`; the caller looks at its exit code."""
        return subprocess.run(
            ["docker", *arguments], env=dict(self.environment), capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip

    def answers(self) -> bool:
        return self.docker("version").returncode == 0


@contextlib.contextmanager
def engine(work: Path) -> Iterator[Engine]:
    """The machine's own engine, or one in `work` that ends with the block. Raises CannotRun."""
    own = Engine(os.environ)
    if shutil.which("docker") and own.answers() and own.docker("compose", "version").returncode == 0:
        yield own
        return
    why = obstacle(work)
    if why:
        raise CannotRun(why)
    with made(work) as found:
        yield found


def obstacle(work: Path) -> str | None:
    """Why no engine can be made here."""
    if os.geteuid() != 0:
        return "no Docker engine answers, and only root can start one"
    if not Path("/etc/debian_version").exists():
        return "no Docker engine answers, and this is no Debian whose packages would have one"
    if shutil.which("go") is None:
        return "no Docker engine answers, and there is no Go to build Compose with"
    free = shutil.disk_usage(work).free
    if free < FREE_BYTES:
        return f"{free / 1024**3:.0f} GiB are free in {work}, {FREE_BYTES / 1024**3:.0f} are needed"
    return None


@contextlib.contextmanager
def made(work: Path) -> Iterator[Engine]:
    """An engine with everything of it in `work`."""
    programs = work / "bin"
    environment = {
        **os.environ,
        "PATH": f"/usr/bin:/usr/sbin:{os.environ['PATH']}",  # Debian's docker before another of that name
        "DOCKER_HOST": f"unix://{work}/docker.sock",
        "DOCKER_CONFIG": str(programs),
    }
    found = Engine(environment)
    _step("packages", _install)
    _step("compose", lambda: _build_compose(work, programs / "cli-plugins" / "docker-compose"))
    with _running(work, found):
        if found.docker("image", "inspect", BASE).returncode != 0:
            _step("base image", lambda: _import_base(work / "base", found))
        yield found


def _install() -> None:
    if all(
        shutil.which(name, path="/usr/bin:/usr/sbin:/sbin") for name in ("dockerd", "iptables", "debootstrap")
    ):
        return
    # Installing starts nothing: the service would be another engine.
    policy = Path("/usr/sbin/policy-rc.d")
    had_policy = policy.exists()
    if not had_policy:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
    try:
        _run("apt-get", "update")
        _run("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES)
    finally:
        if not had_policy:
            policy.unlink()


def _build_compose(work: Path, plugin: Path) -> None:
    """`go install` refuses a module with replacements: it is built in its own folder."""
    if plugin.exists():
        return
    environment = {
        **os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOMODCACHE": f"{work}/go/mod",
        "GOCACHE": f"{work}/go/cache",
    }  # fmt: skip
    asked = _run(
        "go",
        "mod",
        "download",
        "-json",
        f"{COMPOSE_MODULE}@{COMPOSE_VERSION}",
        environment=environment,
        folder=Path("/"),
    )
    folder = re.search(r'"Dir": "(.+)"', asked)
    assert folder is not None, asked
    plugin.parent.mkdir(parents=True, exist_ok=True)
    version = f"-s -w -X {COMPOSE_MODULE}/internal.Version={COMPOSE_VERSION}"
    build = [
        "go",
        "build",
        "-modcacherw",
        "-mod=mod",
        "-trimpath",
        "-ldflags",
        version,
        "-o",
        str(plugin),
        "./cmd",
    ]
    _run(*build, environment=environment, folder=Path(folder.group(1)))


@contextlib.contextmanager
def _running(work: Path, found: Engine) -> Iterator[None]:
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    before = {path: path.read_text(encoding="ascii") for path in (forward,)}
    filters = {name: _run(f"{name}-save") for name in ("iptables", "ip6tables")}
    forward.write_text("1", encoding="ascii")  # before the engine, or it sets FORWARD to DROP
    command = [
        "dockerd", "--data-root", f"{work}/data", "--exec-root", f"{work}/exec", "--pidfile", f"{work}/pid",
        "-H", found.environment["DOCKER_HOST"],
    ]  # fmt: skip
    with (work / "engine.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, env=dict(found.environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        give_up = time.monotonic() + START_SECONDS
        while not found.answers():
            if process.poll() is not None or time.monotonic() > give_up:
                said = (work / "engine.log").read_text(encoding="utf-8").splitlines()[-5:]
                raise CannotRun("the engine does not start here:\n  " + "\n  ".join(said))
            time.sleep(0.3)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        for name, rules in filters.items():
            text = rules if "*filter" in rules else EMPTY_FILTER
            subprocess.run([f"{name}-restore"], input=text, text=True, check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", "docker0"], check=False, capture_output=True)
        for path, value in before.items():
            path.write_text(value, encoding="ascii")


def _import_base(root: Path, found: Engine) -> None:
    """A minimal Debian of this machine's own mirror and authorities."""
    if not (root / "etc" / "debian_version").exists():
        mirror = _mirror()
        _run("debootstrap", "--variant=minbase", SUITE, str(root), *([mirror] if mirror else []))
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for source in Path("/etc/apt/sources.list.d").glob("*.sources"):
        shutil.copy(source, root / "etc/apt/sources.list.d")
    authorities = root / "usr/local/share/ca-certificates"
    authorities.mkdir(parents=True, exist_ok=True)
    for certificate in Path("/usr/local/share/ca-certificates").glob("*.crt"):
        shutil.copy(certificate, authorities)
    (root / "etc/apt/apt.conf.d/99local").write_text(PLAIN_APT, encoding="ascii")
    (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(LEAN_DPKG, encoding="ascii")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    policy.chmod(0o755)
    for name in ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(root / name, ignore_errors=True)
    for section in range(1, 10):
        (root / f"usr/share/man/man{section}").mkdir(parents=True)  # without man1 Java's package fails
    with subprocess.Popen(
        ["tar", "-C", str(root), "--numeric-owner", "--exclude=./dev/*", "-cf", "-", "."],
        stdout=subprocess.PIPE,
    ) as archive:
        subprocess.run(
            ["docker", "import", "--change", 'CMD ["bash"]', "-", BASE], stdin=archive.stdout, check=True,
            env=dict(found.environment), stdout=subprocess.DEVNULL,
        )  # fmt: skip


def _mirror() -> str | None:
    """Where this machine takes Debian's packages from."""
    for source in Path("/etc/apt/sources.list.d").glob("*.sources"):
        address = re.search(r"^URIs:\s*(\S+)", source.read_text(encoding="utf-8"), re.MULTILINE)
        if address:
            return address.group(1)
    return None


def _run(*command: str, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> str:
    result = subprocess.run(
        command, env=dict(environment or os.environ), cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode:
        last = "\n  ".join((result.stdout + result.stderr).splitlines()[-8:])
        raise CannotRun(f"`{' '.join(command)}` ended with {result.returncode}:\n  {last}")
    return result.stdout


def _step(name: str, action: Callable[[], object]) -> None:
    began = time.monotonic()
    action()
    sys.stderr.write(f"  engine: {name} {time.monotonic() - began:.0f} s\n")
