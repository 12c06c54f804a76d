"""What can go wrong with Airflow.

AirflowError
├── AirflowAway         its API does not answer, or refuses us
├── AirflowRefused      the API refuses what was asked: no such DAG, a run that exists already
├── RunFailed           a run ended, and not well
├── RunUnfinished       a run did not end in the time that it was given
├── MigrationFailed     Airflow's own tables could not be brought up to date
└── CleaningFailed      `airflow db clean` failed
"""

from __future__ import annotations


class AirflowError(Exception):
    """Base of Airflow's errors; the text says what, where, and what to do."""


class AirflowAway(AirflowError):
    """The API cannot be reached, or does not take our password."""


class AirflowRefused(AirflowError):
    """The API answered, and did not do what was asked."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class RunFailed(AirflowError):
    """A run failed; the text names its failed tasks."""


class RunUnfinished(AirflowError):
    """A run takes longer than it was given."""


class MigrationFailed(AirflowError):
    """`airflow db migrate` failed."""


class CleaningFailed(AirflowError):
    """`airflow db clean` failed; what it had deleted until then is gone."""
