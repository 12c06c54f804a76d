"""Debian's packages: which are missing, and their installation."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from infra.install.errors import InstallError
from infra.install.java import find_java, missing
from infra.install.machine import Machine
from infra.install.preflight import BROWSER, FONTS, JAVA, MAVEN
from infra.install.progress import Report

VENV = "python3-venv"
FONT_FILES = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",)


def is_present(package: str) -> bool:
    """Whether what a package is wanted for is there, wherever it came from."""
    match package:
        case "openjdk-17-jre-headless":
            return find_java(os.environ) is not None
        case "maven":
            return not missing(["mvn"])
        case "chromium":
            return not missing(["chromium"])
        case "fonts-noto-cjk":
            return any(Path(file).is_file() for file in FONT_FILES)
        case "python3-venv":
            return find_spec("ensurepip") is not None
    raise ValueError(f"nobody said how to see whether {package} is there")


def absent(packages: tuple[str, ...]) -> list[str]:
    """Those packages whose purpose nothing on this machine serves yet."""
    return [package for package in packages if not is_present(package)]


WHAT = {
    JAVA: "Java 17",
    MAVEN: "Apache Maven (mvn)",
    BROWSER: "Chromium",
    FONTS: "the Noto CJK fonts",
    VENV: "Python's venv with ensurepip",
}


def cannot_install(packages: list[str], machine: Machine) -> InstallError | None:
    """Why these packages cannot be installed here by apt; None when they can."""
    names = ", ".join(WHAT[package] for package in packages)
    if not machine.is_debian or missing(["apt-get"]):
        return InstallError(
            f"missing: {names}; this is {machine.system}, and packages are installed on Debian only",
            f"install {names} with this system's own means (in Debian: {' '.join(packages)}), then again",
        )
    if not machine.is_root and not machine.has_sudo:
        return InstallError(
            f"missing: {names}; installing them takes root, and there is no sudo",
            f"as root: apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}",
        )
    return None


def install(packages: list[str], machine: Machine, report: Report) -> None:
    """Install packages by apt. Raises InstallError where that is not possible."""
    problem = cannot_install(packages, machine)
    if problem is not None:
        raise problem
    prefix = [] if machine.is_root else ["sudo"]
    if prefix:
        # asked for once and in the open, before a spinner would hide the question
        sys.stderr.write(f"  root is needed to install: {' '.join(packages)}\n")
        subprocess.run(["sudo", "--validate"], check=False)
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300"]
    with report.step(f"Debian: {' '.join(packages)}"):
        report.run([*apt, "update"], settings)
        report.run([*apt, "install", "-y", "--no-install-recommends", *packages], settings)
    still = absent(tuple(packages))
    if still:
        raise InstallError(
            f"installed, and still not usable: {', '.join(still)}",
            f"see {report.log}; `apt-cache policy {' '.join(still)}` says what apt believes",
        )
