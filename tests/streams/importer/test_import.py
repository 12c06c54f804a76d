"""`minsheng import` over real Kafka and PostgreSQL; real data from Los Angeles checked by DuckDB."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.deploy import deploy
from streams.acknowledgements import Acknowledgements
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.importer.mapping import ColumnMapping
from streams.importer.readers import open_table
from streams.importer.run import Import, Way, import_table
from streams.kafka_sender import KafkaSender, Patience
from streams.refusals import FileRefusals
from streams.settings import REPOSITORY, Settings
from streams.tokens import Tokens
from streams.zone import ZONE
from tests.streams.conftest import values_of
from tests.streams.importer.conftest import ELDER, row

pytestmark = pytest.mark.servers
DATA = REPOSITORY / "tests" / "data" / "la311"
LA311 = REPOSITORY / "tests" / "contracts_extra" / "la311_request.yaml"


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["import", *map(str, arguments), "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout else {"says": result.stderr}


def events_of(settings: Settings, contract: Contract) -> list[dict[str, Any]]:
    topic = settings.topic_prefix + contract.source
    return [json.loads(value) for value in values_of(settings.kafka_bootstrap, topic)]


def acknowledged(settings: Settings) -> list[tuple[object, ...]]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute("select way, source, sum(events) from ops.acknowledged group by 1, 2")
        return rows.fetchall()


def _way(settings: Settings, kafka: KafkaSender, contract: Contract) -> Way:
    dsn = settings.postgres_dsn
    return Way(kafka, FileRefusals(dsn, contract.source, "f" * 32), Acknowledgements(dsn, "import"))


def test_real_requests_come_out_of_kafka_as_duckdb_counts_them_in_the_file(
    settings: Settings, tmp_path: Path
) -> None:
    contract = load_contract(LA311)
    deploy(settings, [contract])
    code, summary = run(
        DATA / "la311_2020.csv", "--source", contract.source, "--mapping", DATA / "mapping.yaml",
        "--report", tmp_path / "refused.csv",
    )  # fmt: skip
    assert (code, summary["accepted"], summary["refused"]) == (0, 10_000, 0)
    with duckdb.connect() as connection:
        expected = connection.execute(
            f"""select strptime(createddate, '%-m/%-d/%y %-H:%M')::date::text, requesttype, requestsource, cd,
            count(*) from read_csv('{DATA / "la311_2020.csv"}', all_varchar = true) group by all"""
        ).fetchall()
    events = events_of(settings, contract)
    found = Counter(
        (
            datetime.fromisoformat(event["time"]).astimezone(ZONE).date().isoformat(),
            event["data"]["request_type"],
            event["data"]["channel"],
            event["data"].get("district"),
        )
        for event in events
    )
    assert found == {
        (day, kind, channel, district): count for day, kind, channel, district, count in expected
    }
    days = Counter(
        datetime.fromisoformat(event["time"]).astimezone(ZONE).date().isoformat() for event in events
    )
    assert days == {"2020-01-01": 1_685, "2020-01-02": 5_971, "2020-01-03": 2_344}
    assert len({event["id"] for event in events}) == 10_000
    assert acknowledged(settings) == [("import", contract.source, 10_000)]


@pytest.fixture
def meals(contract: Contract, settings: Settings) -> Contract:
    """The contract of the file tests, deployed."""
    deploy(settings, [contract])
    return contract


def test_a_file_imported_twice_or_renamed_or_grown_has_the_same_ids(
    settings: Settings, meals: Contract, write_csv: Callable[..., Path]
) -> None:
    rows = [row(), row(), row(餐次="晚餐"), row()]
    path = write_csv(rows)
    assert run(path, "--source", meals.source)[0] == 0
    first = {event["id"] for event in events_of(settings, meals)}
    assert len(first) == 4  # equal rows are different meals
    renamed = path.rename(path.with_name("another name.csv"))
    assert run(renamed, "--source", meals.source)[0] == 0
    assert Counter(event["id"] for event in events_of(settings, meals)) == dict.fromkeys(first, 2)
    grown = write_csv([*rows, row(), row(餐次="早餐")], "gb18030")
    assert run(grown, "--source", meals.source)[0] == 0
    ids = Counter(event["id"] for event in events_of(settings, meals))
    assert len(ids) == 6
    assert sorted(ids.values()) == [1, 1, 3, 3, 3, 3]


def test_refused_lines_are_counted_reported_and_not_sent(
    settings: Settings, meals: Contract, write_csv: Callable[..., Path]
) -> None:
    path = write_csv([row(), row(餐次="夜宵"), row(餐次="宵夜"), row(老人身份证号="330302194001011233")])
    code, summary = run(path, "--source", meals.source)
    assert code == 3
    assert summary["by_code"] == {"not_in_enum": 2, "bad_checksum": 1}
    assert Path(summary["report"]) == path.with_name("meals.csv.refused.csv")
    assert Path(summary["report"]).read_text(encoding="utf-8-sig").count("\n") == 4
    (event,) = events_of(settings, meals)
    assert event["data"]["elder"] == Tokens.of(settings.secret("tokens")).token(ELDER)
    assert event["data"]["price_fen"] == 1_250
    assert event["time"] == "2022-05-04T11:32:08+08:00"
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute("select way, source, code, events from ops.refusal").fetchall()
    assert set(rows) == {
        ("import", meals.source, "not_in_enum", 2),
        ("import", meals.source, "bad_checksum", 1),
    }


def counted(settings: Settings) -> dict[str, int]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return dict(
            connection.execute("select code, sum(events)::int from ops.refusal group by code").fetchall()
        )


def test_refused_lines_of_a_file_count_once_however_often_it_is_imported(
    settings: Settings, meals: Contract, write_csv: Callable[..., Path]
) -> None:
    path = write_csv([row(), row(餐次="夜宵"), row(餐次="宵夜")])
    for _ in range(2):
        assert run(path, "--source", meals.source)[0] == 3
    path = path.rename(path.with_name("renamed.csv"))
    assert run(path, "--source", meals.source)[0] == 3
    assert counted(settings) == {"not_in_enum": 2}
    other = write_csv([row(餐次="夜宵"), row(老人身份证号="330302194001011233")])
    assert run(other, "--source", meals.source)[0] == 3
    assert counted(settings) == {"not_in_enum": 3, "bad_checksum": 1}


def test_what_was_refused_before_an_import_broke_off_is_counted_and_its_report_thrown_away(
    settings: Settings, meals: Contract, write_csv: Callable[..., Path], tmp_path: Path
) -> None:
    class Broken(Exception):
        pass

    def progress(done: float, lines: int) -> None:
        raise Broken

    wanted = Import(meals, "/import/test", ZONE, ColumnMapping(), Tokens.of("k" * 32), settings.topic_prefix)
    report = tmp_path / "refused.csv"
    report.write_text("of an earlier import")
    path = write_csv([row(), row(餐次="夜宵")])
    kafka = KafkaSender(settings, name="test", patience=Patience(acknowledge_seconds=30, room_seconds=30))
    try:
        way = _way(settings, kafka, meals)
        with open_table(path) as table, pytest.raises(Broken):
            import_table(table, wanted, way, report, progress)
        assert counted(settings) == {"not_in_enum": 1}
        assert report.read_text() == "of an earlier import"
        assert list(tmp_path.glob("*.part")) == []
        with open_table(path) as table:
            way = _way(settings, kafka, meals)
            import_table(table, wanted, way, report)
        assert counted(settings) == {"not_in_enum": 1}
    finally:
        kafka.close()


def test_a_dry_run_sends_and_counts_nothing(
    settings: Settings, meals: Contract, write_csv: Callable[..., Path]
) -> None:
    code, summary = run(write_csv([row(), row(餐次="夜宵")]), "--source", meals.source, "--dry-run")
    assert (code, summary["accepted"], summary["refused"]) == (3, 1, 1)
    assert events_of(settings, meals) == []
    with psycopg.connect(settings.postgres_dsn) as connection:
        assert connection.execute("select count(*) from ops.refusal").fetchone() == (0,)


def test_what_is_wrong_with_a_command_has_an_exit_code_of_its_own(
    settings: Settings,
    meals: Contract,
    write_csv: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_csv([row()])
    assert run(path, "--source", "no_such")[0] == 2
    assert run(path.with_name("no file"), "--source", meals.source)[0] == 2
    assert run(path, "--source", meals.source, "--zone", "Asia/Wenzhou")[0] == 2
    assert run(path, "--source", meals.source, "--map", "餐次=mael")[0] == 2
    assert run(path, "--source", meals.source, "--contract", LA311)[0] == 2
    monkeypatch.setenv("MINSHENG_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    code, answer = run(path, "--source", meals.source)
    assert code == 75
    assert "127.0.0.1:9" in answer["says"]
