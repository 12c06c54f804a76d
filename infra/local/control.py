"""The running supervisor: started, asked and told over its Unix socket."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from infra.local.errors import SupervisorLost
from infra.local.folders import logs_dir, socket_path
from streams.settings import Settings

START_SECONDS = 20
# supervisor's words for a process that it keeps alive or is about to start again
KEPT = ("RUNNING", "STARTING", "BACKOFF")


@dataclass(frozen=True)
class ProcessState:
    """A part's process as the supervisor sees it; `since` in seconds of the epoch, pid 0 when it has none."""

    name: str
    state: str
    pid: int
    since: float
    description: str

    @property
    def is_alive(self) -> bool:
        return self.state in ("RUNNING", "STARTING")

    @property
    def is_kept(self) -> bool:
        return self.state in KEPT


class Control:
    """Talks to the supervisor of one installation. May be used by several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._socket = socket_path(settings)

    def is_up(self) -> bool:
        """Whether a supervisor answers."""
        try:
            self._call("supervisor.getState")
        except SupervisorLost:
            return False
        return True

    def start(self, configuration: Path, environment: dict[str, str]) -> None:
        """Start the supervisor in the background. Raises SupervisorLost when it does not answer in time."""
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)]
        result = subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, check=False
        )
        give_up = time.monotonic() + START_SECONDS
        while result.returncode == 0 and time.monotonic() < give_up:
            if self.is_up():
                return
            time.sleep(0.05)
        said = (result.stdout + result.stderr).strip() or "it does not answer on its socket"
        raise SupervisorLost(
            f"the supervisor did not start: {said}",
            f"read {logs_dir(self._settings) / 'supervisord.log'}; then `minsheng doctor`",
        )

    def load(self, stop_first: Callable[[str], object]) -> list[str]:
        """Take up the configuration as it is now; gives back the parts whose definition changed.

        A changed or removed part is stopped first: supervisor cannot change a process that runs.
        """
        ((added, changed, removed),) = self._call("supervisor.reloadConfig")
        for name in (*changed, *removed):
            stop_first(name)
            self._call("supervisor.removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("supervisor.addProcessGroup", name)
        return list(changed)

    def states(self) -> dict[str, ProcessState]:
        """Every part that the supervisor knows."""
        return {entry["name"]: _state(entry) for entry in self._call("supervisor.getAllProcessInfo")}

    def kept(self) -> set[str]:
        """Names of the parts that the supervisor keeps running; none where no supervisor answers."""
        if not self.is_up():
            return set()
        return {name for name, state in self.states().items() if state.is_kept}

    def start_part(self, name: str) -> None:
        """Start a part; nothing happens when it runs. One that waits for its next try is started now."""
        if self.states()[name].state == "BACKOFF":
            self.stop_parts([name], wait_seconds=5)
        self._call(
            "supervisor.startProcess", name, False, ignored=(Faults.ALREADY_STARTED, Faults.SPAWN_ERROR)
        )

    def stop_parts(self, names: Iterable[str], wait_seconds: float) -> list[str]:
        """Stop parts side by side; gives back those that were still there after `wait_seconds`."""
        waiting = list(names)
        for name in waiting:
            self._call("supervisor.stopProcess", name, False, ignored=(Faults.NOT_RUNNING, Faults.BAD_NAME))
        give_up = time.monotonic() + wait_seconds
        while waiting and time.monotonic() < give_up:
            states = self.states()
            waiting = [
                name for name in waiting if name in states and states[name].state in (*KEPT, "STOPPING")
            ]
            time.sleep(0.1 if waiting else 0)
        return waiting

    def shut_down(self, wait_seconds: float = 10) -> None:
        """End the supervisor with whatever still runs below it."""
        self._call("supervisor.shutdown")
        give_up = time.monotonic() + wait_seconds
        while self.is_up() and time.monotonic() < give_up:
            time.sleep(0.1)

    def _call(self, method: str, *arguments: object, ignored: Sequence[int] = ()) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._socket}")
        server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(server, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in ignored:
                return None
            raise SupervisorLost(
                f"the supervisor refused {method}: {fault.faultString}", "minsheng doctor"
            ) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise SupervisorLost(f"no supervisor answers on {self._socket}", "minsheng up") from error
        finally:
            transport.close()


def _state(entry: dict[str, Any]) -> ProcessState:
    since = entry["start"] if entry["statename"] in KEPT else entry["stop"]
    return ProcessState(
        name=entry["name"],
        state=entry["statename"],
        pid=entry["pid"],
        since=float(since),
        description=entry["spawnerr"] or entry["description"],
    )
