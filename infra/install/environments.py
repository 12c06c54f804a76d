"""The virtual environments of .venvs/, each made from one lock whose every file is pinned by its hash."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path

from infra.install import stamps
from infra.install.machine import REPOSITORY
from infra.install.progress import Report

VENVS = REPOSITORY / ".venvs"
LOCKS = REPOSITORY / "infra" / "locks"
UV = VENVS / "uv" / "bin" / "uv"
PROJECT_ENVIRONMENT = "stream"
# dev.in takes stream.txt as a constraint
LOCK_ORDER = ("bootstrap", "build", "stream", "dev", "airflow", "superset", "sbom")
UV_SETTINGS = {"UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}
# dev.txt holds every line of stream.txt and more: where it is installed, demo takes it as it is.
HOLDS = {"stream": ("stream", "dev")}

# pip's settings that have a counterpart in uv's environment; an administrator sets them once, for pip.
FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def uv_settings(pip_config: str) -> dict[str, str]:
    """uv's environment from what `pip config list` prints; what pip takes from the environment wins."""
    found = re.findall(r"^(:env:|\w+)\.([\w-]+)=(.+)$", pip_config, re.MULTILINE)
    ranked = sorted(found, key=lambda entry: (entry[0] == ":env:", entry[0] == "install"))
    values = {key: str(ast.literal_eval(value)) for _, key, value in ranked}
    return {FROM_PIP[key]: " ".join(value.split()) for key, value in values.items() if key in FROM_PIP}


def _made_of(name: str, lock: str) -> dict[str, str]:
    files = [LOCKS / f"{lock}.txt"]
    if name == PROJECT_ENVIRONMENT:
        files.append(REPOSITORY / "pyproject.toml")  # the entry point and the packages of the project itself
    return {"lock": lock, "sha256": stamps.digest(*files), "folder": str(VENVS / name)}


def is_made(name: str, lock: str) -> bool:
    """Whether an environment holds what a lock asks for, as far as its stamp says."""
    made = stamps.read(VENVS / name)
    accepted = [_made_of(name, holder) for holder in HOLDS.get(lock, (lock,))]
    return made in accepted and (VENVS / name / "bin" / "python").exists()


def lock_for(name: str, lock: str) -> str:
    """The lock to install: an environment that tests have made keeps what tests need."""
    made = stamps.read(VENVS / name).get("lock", lock)
    return made if made in HOLDS.get(lock, ()) else lock


def make(name: str, lock: str, report: Report) -> None:
    """Make an environment hold exactly what its lock says. Goes on where an interrupted call stopped."""
    folder = VENVS / name
    lock = lock_for(name, lock)
    with report.step(f"environment {name} ({lock}.txt)"):
        settings = {
            **_settings_from_pip(report),
            **os.environ,
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        settings.pop("VIRTUAL_ENV", None)
        made = stamps.read(folder)
        stamps.remove(folder)
        if made.get("folder") != str(folder) or not (folder / "bin" / "python").exists():
            # half made, or made elsewhere and moved here: its programs would name another folder
            report.run([str(UV), "venv", "--clear", "--python", sys.executable, str(folder)], settings)
        python = ["--python", str(folder / "bin" / "python")]
        build = ["--build-constraints", str(LOCKS / "build.txt")]
        file = str(LOCKS / f"{lock}.txt")
        report.run(
            [str(UV), "pip", "sync", "--require-hashes", "--compile-bytecode", *build, *python, file],
            settings,
        )
        if name == PROJECT_ENVIRONMENT:
            itself = ["--no-deps", "--no-build-isolation", "--offline", "--editable", str(REPOSITORY)]
            report.run([str(UV), "pip", "install", *itself, *python], settings)
        stamps.write(folder, _made_of(name, lock))


def make_uv(report: Report) -> None:
    """The installer of everything else, from its own lock, by the pip that comes with Python."""
    folder, lock = VENVS / "uv", LOCKS / "bootstrap.txt"
    made_of = {"sha256": stamps.digest(lock), "folder": str(folder)}
    if stamps.read(folder) == made_of and UV.exists():
        return
    with report.step("environment uv (bootstrap.txt)"):
        stamps.remove(folder)
        report.run([sys.executable, "-m", "venv", "--clear", str(folder)], os.environ)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        report.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)], os.environ)
        stamps.write(folder, made_of)


def write_locks(report: Report) -> None:
    """Resolve every .in file anew; what fits is kept. For whoever changes one and reviews the difference."""
    make_uv(report)
    settings = {**_settings_from_pip(report), **os.environ, **UV_SETTINGS}
    form = [
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--no-annotate",
        "--python-version=3.11",
    ]
    for name in LOCK_ORDER:
        with report.step(f"lock {name}.txt"):
            files = [str(LOCKS / f"{name}.in"), "--output-file", str(LOCKS / f"{name}.txt")]
            report.run([str(UV), "pip", "compile", *form, *files], settings)


def _settings_from_pip(report: Report) -> dict[str, str]:
    pip = str(VENVS / "uv" / "bin" / "python")
    return uv_settings(report.run([pip, "-m", "pip", "config", "list"], os.environ))


def program(name: str, environment: str = PROJECT_ENVIRONMENT) -> Path:
    """A program of an environment."""
    return VENVS / environment / "bin" / name
