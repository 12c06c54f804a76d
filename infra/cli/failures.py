"""What is expected to go wrong, as a message (what, where, what next) and an exit code, not a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from expectations.errors import ExpectationsError
from infra.airflow.errors import AirflowAway, AirflowError
from infra.backup.errors import BackupRefused, BackupUnusable
from infra.cli import exits
from infra.cli.output import fail
from infra.errors import InfraError, NoSuchVersion, NotDeployed
from infra.finance.errors import FinanceError
from infra.local.errors import LocalStackError, UnknownPart
from infra.postgres import refusals as refused
from infra.quarantine.errors import NoSuchEvent, NothingSelected, OriginalForbidden
from infra.superset.errors import SupersetError, SupersetMissing
from spark_jobs.rollup.errors import RollupError
from streams.contract.errors import ContractError
from streams.errors import (
    ImportRefused,
    KafkaAway,
    KafkaRefused,
    PatchWrong,
    SecretMissing,
    SettingRefused,
    StreamsError,
)
from streams.settings import Settings
from streams.simulator.errors import AlreadyRunning, DayRefused, GatewayAway, RegistryAway, UnknownSource

AWAY = (KafkaAway, SecretMissing, GatewayAway, RegistryAway, AlreadyRunning, AirflowAway, SupersetMissing)
ASKED_WRONGLY = (
    ImportRefused,
    NotDeployed,
    NoSuchVersion,
    UnknownPart,
    UnknownSource,
    DayRefused,
    SettingRefused,
    PatchWrong,
    NoSuchEvent,
    NothingSelected,
    FinanceError,
    BackupUnusable,
)
EXPECTED = (
    StreamsError,
    ContractError,
    RollupError,
    ExpectationsError,
    InfraError,
    AirflowError,
    SupersetError,
    LocalStackError,
)


@contextmanager
def failures() -> Iterator[None]:
    """Ends the command for what is expected to go wrong; what is not keeps its traceback.

    A context manager, and a decorator below the one that makes a command.
    """
    try:
        yield
    except EXPECTED as error:
        fail(_noted(error, f"{error}{_in_service(error)}"), code_of(error))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        fail(
            f"{_postgres()} lacks a table ({_said(error)}). `minsheng up` makes what is missing.", exits.AWAY
        )
    except psycopg.OperationalError as error:
        what = refused.remedy(error, Settings())
        if what is not None:
            fail(_noted(error, f"{_postgres()} refuses, or is not trusted: {_said(error)}. {what}"), exits.NO)
        remedy = "`minsheng status` shows what runs, `minsheng up` starts what does not."
        fail(_noted(error, f"{_postgres()} is away: {_said(error)}. {remedy}"), exits.AWAY)


def code_of(error: Exception) -> int:
    """The exit code for one of EXPECTED."""
    if isinstance(error, RollupError):
        return error.exit_code
    if isinstance(error, OriginalForbidden | KafkaRefused | BackupRefused):
        return exits.NO
    if isinstance(error, AWAY):
        return exits.AWAY
    return exits.USAGE if isinstance(error, ASKED_WRONGLY) else exits.FAILURE


def _noted(error: Exception, text: str) -> str:
    """The text and what was noted on the error on its way here."""
    return "\n".join([text, *getattr(error, "__notes__", ())])


def _in_service(error: Exception) -> str:
    """What to do about a contract that is deployed and that this version of the platform cannot read."""
    from streams.registry import TABLE  # noqa: PLC0415 (the loader takes longer to import than most commands)

    if isinstance(error, ContractError) and any(each.file.startswith(TABLE) for each in error.problems):
        return (
            "\nThis contract is in service, and this version of the platform cannot read it: go on with the"
            " version that deployed it (ops.contract_history says when that was)."
        )
    return ""


def _said(error: psycopg.Error) -> str:
    """The first line: the others are guesses, or the statement."""
    return str(error).partition("\n")[0] or type(error).__name__


def _postgres() -> str:
    settings = Settings()
    return (
        f"PostgreSQL at {settings.postgres_host}:{settings.postgres_port}"
        f" (database {settings.postgres_database})"
    )
