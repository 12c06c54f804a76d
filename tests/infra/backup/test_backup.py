"""A backup, more events, everything lost but Kafka, restored, caught up: all there, nothing twice."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pyspark.sql import SparkSession
from rich.console import Console
from typer.testing import CliRunner

from infra.backup import lake, manifest
from infra.backup.database import kept_aside
from infra.cli import exits
from infra.cli.main import app
from infra.deploy import deploy
from infra.ledger import read_ledger
from infra.local.stack import Stack
from spark_jobs import fence
from spark_jobs.cluster import Cluster
from spark_jobs.lake import TABLE
from spark_jobs.live import ledger
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.contract.model import Contract
from streams.settings import Settings
from tests.conftest import free_port
from tests.core_sources import core
from tests.spark_jobs.live.conftest import assert_answer
from tests.spark_jobs.live.sending import Answer, City, Event, Sender
from tests.spark_jobs.taking_in import take_in

pytestmark = pytest.mark.servers
EVENTS = 150


@dataclass
class Installation:
    """One with a PostgreSQL of its own, which can be lost; Kafka is another's."""

    settings: Settings
    contracts: dict[str, Contract]
    spark: SparkSession
    answer: Answer = field(default_factory=Answer)
    sent: list[tuple[Contract, Event]] = field(default_factory=list)

    def send(self, count: int, again: int = 0) -> None:
        """New events, and so many that were sent before."""
        city, sender = City(self.contracts.values(), seed=len(self.sent)), Sender(self.settings)
        chosen = [*self.sent[:again], *(city.event() for _ in range(count))]
        for contract, event in chosen:
            sender.event(event)
            self.answer.good(contract, event)
        sender.flush()
        self.sent += chosen[again:]

    def catch_up(self) -> None:
        take_in(self.spark, self.settings)

    def archived(self) -> list[tuple[str, int, int]]:
        rows = self.spark.read.format("delta").load(str(self.settings.lake_dir / TABLE)).collect()
        return sorted((row.topic, row.partition, row.offset) for row in rows)


def call(*arguments: object) -> tuple[int, Any]:
    ended = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    return ended.exit_code, json.loads(ended.stdout) if ended.stdout else ended.stderr


@pytest.fixture(scope="module")
def installation(passable: Path, kafka_bootstrap: str) -> Iterator[Installation]:
    home = passable / "living"
    environment = {
        "MINSHENG_HOME": str(home),
        "MINSHENG_KAFKA_LOCAL": "false",
        "MINSHENG_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "MINSHENG_TOPIC_PREFIX": "backup.",
        "MINSHENG_POSTGRES_PORT": str(free_port()),
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        settings = Settings()
        stack = Stack(settings, os.environ, Console(quiet=True))
        try:
            stack.up(["postgres"])
            # What Spark holds is not lost with the installation.
            elsewhere = settings.model_copy(update={"home": passable / "spark"})
            contracts = core(settings.contracts_dir)
            deploy(settings, contracts.values())
            yield Installation(
                settings, contracts, build_session(elsewhere, "tests", java_options=QUICK_COMPILER)
            )
        finally:
            stack.down()


@pytest.fixture(scope="module")
def backed_up(installation: Installation, passable: Path) -> tuple[Path, Path]:
    """A backup of it with some events, and its secrets; then there were more."""
    to, secrets = passable / "backup", passable / "backup-secrets"
    installation.send(EVENTS)
    installation.catch_up()
    assert call("backup", to, "--dry-run")[0] == exits.OK
    assert not to.exists()
    code, said = call("backup", to, "--secrets", secrets)
    assert (code, said["archive_step"]) == (exits.OK, 1)
    assert {"secrets/tokens", "secrets/postgres"} <= set(said["secrets"])
    installation.send(EVENTS, again=40)
    installation.catch_up()
    return to, secrets


def test_secrets_stand_apart_and_are_nobody_elses(backed_up: tuple[Path, Path]) -> None:
    to, secrets = backed_up
    tokens = (secrets / "secrets" / "tokens").read_bytes()
    assert not any(tokens.strip() in path.read_bytes() for path in manifest.files_of(to))
    assert {path.stat().st_mode & 0o077 for path in (secrets, *secrets.rglob("*"))} == {0}


def test_a_backup_is_never_overwritten_and_secrets_never_within(backed_up: tuple[Path, Path]) -> None:
    to, _ = backed_up
    code, said = call("backup", to)
    assert code == exits.NO
    assert "is there already" in said
    code, said = call("backup", to.with_name("new"), "--secrets", to.with_name("new") / "secrets")
    assert code == exits.NO
    assert "kept apart" in said
    assert not to.with_name("new").exists()


def test_the_lake_is_copied_as_the_database_knows_it(installation: Installation, tmp_path: Path) -> None:
    """The archive has gone a step further than this database: that step is not in the copy."""
    whole = lake.snapshot(installation.settings.lake_dir, 2)
    until = lake.snapshot(installation.settings.lake_dir, 1)
    assert whole is not None
    assert until is not None
    assert until.version < whole.version
    assert set(until.data) < set(whole.data)
    lake.copy(installation.settings.lake_dir, until, tmp_path, lambda _: None)
    assert lake.check(tmp_path, until.version) == len(until.data)
    rows = installation.spark.read.format("delta").load(str(tmp_path / TABLE))
    assert (rows.count(), {row.step for row in rows.select("step").collect()}) == (EVENTS, {1})
    assert lake.snapshot(installation.settings.lake_dir, 0) is None


def test_a_damaged_backup_is_refused_and_nothing_is_changed(
    backed_up: tuple[Path, Path], tmp_path: Path
) -> None:
    to, _ = backed_up
    damaged = tmp_path / "damaged"
    for break_it, said in (
        (lambda: (damaged / "database.dump").write_bytes(b"x"), "bytes, not"),
        (lambda: next((damaged / "lake").rglob("*.parquet")).unlink(), "cannot be read"),
        ((damaged / "more").touch, "is not of this backup"),
        ((damaged / manifest.FILE).unlink, "never finished"),
        (lambda: _change(damaged, schema="9999"), "does not know"),
        (lambda: _change(damaged, format=99), "is of format 99"),
    ):
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(to, damaged)
        break_it()
        code, answer = call("restore", damaged, "--replace")
        assert (code, said in answer) == (exits.USAGE, True), answer


def _change(folder: Path, **values: object) -> None:
    file = folder / manifest.FILE
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **values}), encoding="utf-8")


def test_a_living_installation_is_not_overwritten(
    installation: Installation, backed_up: tuple[Path, Path]
) -> None:
    to, _ = backed_up
    code, said = call("restore", to)
    assert code == exits.NO
    assert "There is an installation already" in said
    with fence.connect(installation.settings.postgres_dsn, "live"):
        code, said = call("restore", to, "--replace")
    assert code == exits.NO
    assert "is alive" in said
    code, said = call("restore", to, "--dry-run")
    assert (code, len(said["refused"])) == (exits.NO, 1)
    assert call("restore", to, "--replace", "--dry-run")[0] == exits.OK


def test_everything_lost_but_kafka_comes_back_and_nothing_counts_twice(
    installation: Installation, backed_up: tuple[Path, Path]
) -> None:
    to, secrets = backed_up
    settings = installation.settings
    Stack(settings, os.environ, Console(quiet=True)).down()
    shutil.rmtree(settings.home)
    code, said = call("restore", to)
    assert code == exits.NO
    assert "another token" in said  # not without the secrets
    code, said = call("restore", to, "--secrets", secrets)
    assert code == exits.OK, said
    assert said["set_aside"] == []
    assert "Kafka has every event after the backup" in said["kafka"]
    with psycopg.connect(settings.postgres_dsn) as connection:
        counted = connection.execute("select sum(events)::int from ops.tally where query = 'live'").fetchone()
    assert counted == (EVENTS,)
    installation.catch_up()
    assert_answer(settings, installation.contracts, installation.answer)
    archived = installation.archived()
    assert len(archived) == len(set(archived)) == installation.answer.sent
    _assert_balanced(settings)


def test_a_backup_in_the_place_of_what_is_there_sets_it_aside(
    installation: Installation, backed_up: tuple[Path, Path]
) -> None:
    """After the one before: what is there has everything, the backup less."""
    to, _ = backed_up
    settings = installation.settings
    before = installation.archived()
    code, said = call("restore", to, "--replace")
    assert code == exits.OK, said
    (kept,) = [name for name in said["set_aside"] if "lake_before_" in name]
    rows = installation.spark.read.format("delta").load(f"{kept}/{TABLE}")
    assert rows.count() == len(before)
    with psycopg.connect(settings.postgres_dsn) as connection:
        aside = kept_aside(connection)
        assert set(aside) < set(said["set_aside"])
        (ops,) = [name for name in aside if name.startswith("ops_before_")]
        counted = connection.execute(
            f"select sum(events)::int from {ops}.tally where query = 'live'"
        ).fetchone()
        assert counted == (installation.answer.sent,)
        restored = connection.execute(
            "select sum(events)::int from ops.tally where query = 'live'"
        ).fetchone()
        assert restored == (EVENTS,)
    assert len(installation.archived()) == EVENTS


def _assert_balanced(settings: Settings) -> None:
    with (
        Cluster(settings) as cluster,
        psycopg.connect(settings.postgres_dsn, autocommit=True) as connection,
    ):
        ledger.sample(cluster, connection, settings.topic_prefix, datetime.now(UTC))
        entries = read_ledger(connection, settings.topic_prefix)
    assert entries
    assert {(entry.residue, entry.balances) for entry in entries} == {(0, True)}
