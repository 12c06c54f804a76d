"""Where the local stack keeps what it needs while it runs, below the installation's home."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from streams.settings import Settings

# A Unix socket's path must fit in 108 bytes, and supervisor adds ".<pid>" to it while it binds.
SOCKET_PATH_BYTES = 96


def run_dir(settings: Settings) -> Path:
    """The supervisor's configuration and process id."""
    return settings.home / "run"


def logs_dir(settings: Settings) -> Path:
    """One log file a part, rotated."""
    return settings.home / "logs"


def digest(settings: Settings) -> str:
    """A short name for this installation, for what cannot stand below its home."""
    return hashlib.sha256(str(settings.home.resolve()).encode()).hexdigest()[:12]


def socket_path(settings: Settings) -> Path:
    """The supervisor's socket; in the folder for temporary files where home's own path is too long."""
    path = run_dir(settings) / "supervisor.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    return Path(tempfile.gettempdir()) / f"minsheng-{os.getuid()}-{digest(settings)}" / "supervisor.sock"


def make_folders(settings: Settings) -> None:
    """Make home and its folders. Home can be passed through by other users, its folders cannot be read."""
    if not settings.home.exists():
        settings.home.mkdir(parents=True)
        settings.home.chmod(0o755)  # whatever the umask: PostgreSQL runs as another user below it
    for folder in (run_dir(settings), logs_dir(settings), socket_path(settings).parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user: remove it, or set MINSHENG_HOME")
