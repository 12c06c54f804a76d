"""Airflow's REST API (v2): trigger a run, wait for it, make a pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

import httpx

from infra.airflow.configuration import ADMIN, url
from infra.airflow.errors import AirflowAway, AirflowRefused, RunFailed, RunUnfinished
from streams.settings import Settings

ANSWER_SECONDS = 30
POLL_SECONDS = 1.0
OVER = ("success", "failed")
PAGE = 100

Found = TypeVar("Found")


@dataclass(frozen=True)
class Run:
    """One run of a DAG; `state` is queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str

    @property
    def over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True)
class TaskState:
    """One task of a run. `label` tells mapped tasks apart: the source, or day and source."""

    task_id: str
    label: str | None
    state: str | None
    tries: int

    def __str__(self) -> str:
        return f"{self.task_id}{f'[{self.label}]' if self.label else ''} {self.state}"


class AirflowClient:
    """A session as administrator. Raises AirflowAway where the API does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._password = settings.secret("airflow_admin")
        self._http = httpx.Client(base_url=url(settings), timeout=ANSWER_SECONDS, trust_env=False)
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def health(self) -> dict[str, Any]:
        """The status of each of Airflow's processes, by its name in the API; needs no password."""
        answer = self._request("GET", "/api/v2/monitor/health", authorised=False)
        return dict(answer.json())

    def dags(self) -> list[str]:
        """The DAGs that Airflow knows."""
        found = self._request("GET", "/api/v2/dags", params={"limit": PAGE}).json()["dags"]
        return [one["dag_id"] for one in found]

    def import_errors(self) -> list[str]:
        """DAG files that could not be read, each with the last line of why."""
        found = self._request("GET", "/api/v2/importErrors").json()["import_errors"]
        return [f"{one['filename']}: {one['stack_trace'].strip().splitlines()[-1]}" for one in found]

    def trigger(
        self, dag_id: str, conf: Mapping[str, Any] | None = None, logical_date: datetime | None = None
    ) -> Run:
        """Start a run; `conf` are the DAG's params. Raises AirflowRefused: no such DAG, run exists."""
        when = logical_date.isoformat() if logical_date is not None else None
        body = {"logical_date": when, "conf": dict(conf or {})}
        return _run(self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body).json())

    def run(self, dag_id: str, run_id: str) -> Run:
        """A run as it is now."""
        return _run(self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}").json())

    def tasks(self, run: Run) -> list[TaskState]:
        """Every task of a run, mapped ones each."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        found = self._request("GET", path, params={"limit": PAGE}).json()["task_instances"]
        return [
            TaskState(one["task_id"], one.get("rendered_map_index"), one["state"], one["try_number"])
            for one in found
        ]

    def wait(self, run: Run, seconds: float, on_look: Callable[[Run], None] = lambda run: None) -> Run:
        """The run once it is over. Raises RunFailed, which names its failed tasks, or RunUnfinished."""
        give_up = time.monotonic() + seconds
        while not (run := self._patiently(lambda: self.run(run.dag_id, run.run_id), give_up)).over:
            on_look(run)
            if time.monotonic() > give_up:
                raise RunUnfinished(
                    f"{run.dag_id} {run.run_id} is still {run.state} after {seconds:.0f} s:"
                    f" {', '.join(str(task) for task in self.tasks(run))}"
                )
            time.sleep(POLL_SECONDS)
        if run.state == "failed":
            failed = [str(task) for task in self.tasks(run) if task.state in ("failed", "upstream_failed")]
            raise RunFailed(
                f"{run.dag_id} {run.run_id} failed: {', '.join(failed)}. Its log is at"
                f" {self._http.base_url}dags/{run.dag_id}/runs/{run.run_id}"
            )
        return run

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool, or give it that many slots."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        try:
            self._request("POST", "/api/v2/pools", json=body)
        except AirflowRefused as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            changed = {"pool": name, "slots": slots, "description": description, "include_deferred": False}
            self._request("PATCH", f"/api/v2/pools/{name}", json=changed)

    def _patiently(self, look: Callable[[], Found], give_up: float) -> Found:
        """What is seen, once the API answers: while a rollup takes the machine, it may be slow to."""
        while True:
            try:
                return look()
            except AirflowAway:
                if time.monotonic() > give_up:
                    raise
                time.sleep(POLL_SECONDS)

    def _request(self, method: str, path: str, *, authorised: bool = True, **options: Any) -> httpx.Response:
        with self._away():
            answer = self._http.request(method, path, headers=self._headers(authorised), **options)
            if answer.status_code == httpx.codes.UNAUTHORIZED and authorised:
                self._token = None  # it has expired
                answer = self._http.request(method, path, headers=self._headers(authorised), **options)
        if answer.is_server_error or answer.status_code == httpx.codes.UNAUTHORIZED:
            raise AirflowAway(f"{answer.url} answers {answer.status_code}: {answer.text[:300]}")
        if answer.is_client_error:
            raise AirflowRefused(
                answer.status_code, f"{answer.url} answers {answer.status_code}: {answer.text[:500]}"
            )
        return answer

    def _headers(self, authorised: bool) -> dict[str, str]:
        if not authorised:
            return {}
        if self._token is None:
            body = {"username": ADMIN, "password": self._password}
            answer = self._http.post("/auth/token", json=body)
            if answer.status_code != httpx.codes.CREATED:
                raise AirflowAway(
                    f"{answer.url} does not take the secret `airflow_admin`: {answer.status_code}"
                )
            self._token = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    @contextmanager
    def _away(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise AirflowAway(
                f"Airflow at {self._http.base_url} does not answer ({type(error).__name__}: {error})."
                " Look at `minsheng status` and `minsheng logs airflow-api`."
            ) from error


def _run(answer: Mapping[str, Any]) -> Run:
    return Run(answer["dag_id"], answer["dag_run_id"], answer["state"])
