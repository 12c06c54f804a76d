"""What every contract of the repository is, whatever its source: readable, complete, derivable."""

from __future__ import annotations

import pickle
import re
from datetime import timedelta
from pathlib import Path
from random import Random

import duckdb
import psycopg
import pytest
from jsonschema import Draft202012Validator

from streams import reference
from streams.contract import checks, places
from streams.contract.json_schema import event_schema
from streams.contract.loader import load_contract, parse_contract
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, ddl, metric_tables
from streams.contract.types import NAMED_TYPES
from streams.personal import own_copy, personal_values
from streams.settings import Settings
from tests.contracts.conftest import FILES

CHINESE = re.compile(r"[一-鿿]")


def test_it_reads_the_same_from_its_own_text(contract: Contract, file: Path) -> None:
    again = parse_contract(contract.text, str(file))
    assert (again, again.version) == (contract, contract.version)
    assert pickle.loads(pickle.dumps(contract)) == contract  # noqa: S301 (our own bytes)


def test_it_is_written_for_operators(contract: Contract) -> None:
    """Titles, labels and reasons are Chinese; there is a place to look at and somebody who watches."""
    titles = [contract.title, contract.about, contract.owner]
    specs = [each for spec in contract.fields.values() for each in (spec, *spec.fields.values())]
    titles += [spec.title for spec in specs]
    titles += [label for spec in specs for label in (spec.values or {}).values()]
    titles += [rule.title for rule in (*contract.checks.values(), *contract.unique.values())]
    for metric in contract.metrics.values():
        titles += [each.title for each in (*metric.measures.values(), *metric.ratios.values())]
    titles += [rule.title for rule in contract.day_rules.values()]
    assert [title for title in titles if not CHINESE.search(title)] == []
    assert any(spec.type == "division" for spec in contract.fields.values()), "operators look by county"


def test_it_has_examples_enough(contract: Contract) -> None:
    assert len(contract.examples.good) >= 3
    assert len(contract.examples.bad) >= 8
    used = {bad.because for bad in contract.examples.bad}
    assert {"missing", "wrong_type", "unknown_field", "not_in_enum"} <= used
    assert used >= {f"check:{name}" for name in contract.checks}, "every check is seen to reject"
    assert used >= {f"unique:{name}" for name in contract.unique}, "so is every rule of uniqueness"
    if contract.personal:
        assert "untokenised" in used


def test_personal_fields_never_hold_a_person(contract: Contract) -> None:
    for data in contract.examples.good:
        for name in contract.personal & data.keys():
            assert data[name] is None or re.fullmatch("tk_[0-9a-f]{32}", data[name])


def test_its_json_schema_accepts_what_clients_send(contract: Contract) -> None:
    """Good examples with people in place of tokens pass; an event without its data does not."""
    schema = event_schema(contract)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for data in contract.examples.good:
        known = own_copy(contract, data)
        for value in personal_values(contract, known):
            if value.holder[value.key] is not None:
                spec = places.spec_at(contract, value.place)
                assert spec is not None
                value.holder[value.key] = NAMED_TYPES[spec.type].make(Random(1), spec)
        event = {
            "specversion": "1.0", "id": "1", "source": "/x", "type": contract.source,
            "time": "2022-01-01T08:00:00+08:00", "data": known,
        }  # fmt: skip
        assert [error.message for error in validator.iter_errors(event)] == []
        assert not validator.is_valid({**event, "data": {}})
        assert not validator.is_valid({**event, "data": {**event["data"], "unknown_to_it": 1}})


def test_its_checks_are_read_by_duckdb(contract: Contract) -> None:
    types = {name: NAMED_TYPES[spec.type].duckdb for name, spec in contract.columns.items()}
    columns = ", ".join(f'null::{duckdb_type} as "{name}"' for name, duckdb_type in types.items())
    for name in contract.checks:
        sql = checks.check_sql(contract, name, "duckdb")
        assert duckdb.execute(f"select {sql} from (select {columns})").fetchone() in {(True,), (False,)}


def test_a_place_is_always_in_the_same_division(contract: Contract) -> None:
    """Reference tables that simulate a field are whole: unique keys, every division, values that fit."""
    divisions = {division.code for division in reference.divisions()}
    for field, hint in contract.simulate.items():
        if hint.reference is None:
            continue
        rows = reference.rows(hint.reference)
        assert len({row[field] for row in rows}) == len(rows)
        assert {row["division"] for row in rows} == divisions
        pattern = contract.fields[field].pattern
        assert pattern is None or all(re.fullmatch(pattern, row[field], re.ASCII) for row in rows)


def test_its_acceptance_window_is_within_what_live_remembers(contract: Contract) -> None:
    assert contract.accept.past <= timedelta(days=Settings().claim_days)


@pytest.mark.servers
def test_tables_of_every_contract_are_made_once_and_again(settings: Settings) -> None:
    """Statements run twice on the real PostgreSQL; null groups with null; titles are comments."""
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for contract in map(load_contract, FILES):
            for _ in range(2):
                for statement in ddl(contract):
                    connection.execute(statement.encode())
            for table in metric_tables(contract):
                assert_made(connection, contract, table)


def assert_made(connection: psycopg.Connection, contract: Contract, table: MetricTable) -> None:
    columns = connection.execute(
        """select table_schema, column_name, data_type from information_schema.columns
        where table_name = any(%s) order by table_schema, table_name, ordinal_position""",
        ([table.name],),
    ).fetchall()
    additive = [(column.name, "bigint") for column in table.columns]
    grouped = [(name, "text") for name in table.dimensions]
    live = [("minute", "timestamp with time zone"), *grouped, *additive]
    mart = [("event_day", "date"), ("revision", "integer"), *grouped, *additive]
    mart.append(("published_at", "timestamp with time zone"))
    assert [column[1:] for column in columns if column[0] == "live"] == live
    assert [column[1:] for column in columns if column[0] == "mart"] == mart
    insert = f"insert into live.\"{table.name}\" (minute) values ('2022-01-01'), ('2022-01-01')"
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(insert.encode())
    said = connection.execute("select obj_description(%s::regclass)", (f'live."{table.name}"',)).fetchone()
    assert said == (f"{contract.title}·{table.title}（实时，按分钟）",)
