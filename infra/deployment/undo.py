"""Taking back what a deployment did outside of its transaction, when a later step fails."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import psycopg

from infra.errors import DeploymentFailed

Step = Callable[[], object]


class Undo:
    """A block whose failure rolls the transaction back and takes back its steps, the newest first.

    The error goes on with notes on the step that failed and on what could not be taken back. An error of
    PostgreSQL that is not its absence becomes DeploymentFailed.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._steps: list[tuple[str, Step]] = []
        self._name: str | None = None
        self._left: list[str] = []

    def step(self, name: str, back: Step | None = None) -> None:
        """From here on the step of that name is at work; `back` takes back whatever of it was done."""
        self._name = name
        if back is not None:
            self._steps.append((name, back))

    def also(self, back: Step) -> None:
        """One more thing to take back of the step at work."""
        self._steps.append((self._name or "", back))

    def left(self, note: str) -> None:
        """What stays in any case, and why that harms nobody."""
        self._left.append(note)

    def __enter__(self) -> Undo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or self._name is None:
            return
        if not self._connection.closed:
            self._connection.rollback()
        notes = [f"Step '{self._name}' failed; everything is as it was before.", *self._left]
        for name, back in reversed(self._steps):
            try:
                back()
            except Exception as problem:  # noqa: BLE001 (said in the note; the first error is the one raised)
                notes[0] = f"Step '{self._name}' failed."
                notes.append(f"Not taken back: {name} ({problem}). {_REMEDIES.get(name, '')}".strip())
        if isinstance(error, psycopg.Error) and not isinstance(error, psycopg.OperationalError):
            said = str(error).partition("\n")[0]
            raise DeploymentFailed(f"PostgreSQL refused: {said}\n" + "\n".join(notes)) from error
        for note in notes:
            error.add_note(note)


_REMEDIES = {
    "dashboards": "`minsheng dashboards sync` brings Superset to what is deployed.",
    "topics": "`minsheng topics list` shows how they are; the next deployment puts them right.",
}
