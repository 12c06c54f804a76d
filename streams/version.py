"""Which version of the platform this is, and what it runs with: said by every service when it starts."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from streams.settings import PREFIX, REPOSITORY, Settings, settings_or_exit

PACKAGE = "minsheng"
VERSION_FILE = REPOSITORY / "VERSION"
"""Written into an image where there is no git: one line, as `git describe` would say it."""


@cache
def platform_version() -> str:
    """The installed version and the commit, as 0.1.0+3f2a9c1 (-dirty where files differ from it)."""
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        installed = "0"
    commit = _commit()
    return f"{installed}+{commit}" if commit else installed


def _commit() -> str:
    if VERSION_FILE.is_file():
        return VERSION_FILE.read_text(encoding="utf-8").strip()
    try:
        said = subprocess.run(
            ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def described(settings: Settings, service: str) -> dict[str, Any]:
    """What a service says at its start: its name, the version, and every setting that is not the default.

    No secret is among them: of a setting that is one it is only said that it is set.
    """
    changed = {
        f"{PREFIX}{name.upper()}": _shown(getattr(settings, name))
        for name, field in Settings.model_fields.items()
        if getattr(settings, name) != field.default
    }
    return {"service": service, "version": platform_version(), "settings": changed}


def in_one_line(settings: Settings, service: str) -> str:
    """The same for a log of plain lines."""
    said = described(settings, service)
    settings_said = " ".join(f"{name}={value}" for name, value in said["settings"].items()) or "all defaults"
    return f"{service} starts: version {said['version']}; {settings_said}"


def main() -> None:
    """`python -m streams.version SERVICE`: that line, for a container whose program is not ours."""
    sys.stdout.write(f"{in_one_line(settings_or_exit(), sys.argv[1])}\n")


def _shown(value: Any) -> Any:
    """A value as JSON takes it; pydantic hides a secret behind stars by itself."""
    return value if isinstance(value, int | float | bool) else str(value)


if __name__ == "__main__":
    main()
