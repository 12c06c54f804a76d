"""Deploying contracts: topics, tables, reference rows and the contracts themselves, once and again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from infra.deploy import deploy, retire
from infra.errors import NotDeployed
from streams.contract.errors import ContractError, EvolutionError
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.registry import Registry
from streams.settings import Settings
from streams.topics import list_topics
from tests.core_sources import as_written
from tests.streams.contract.seeded import SOUND

pytestmark = pytest.mark.servers


def kiosk(*changes: tuple[str, str]) -> Contract:
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_contract(text, "kiosk_sale.yaml")


def rows(settings: Settings, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def actions(settings: Settings, *contracts: Contract, dry_run: bool = False) -> list[str]:
    plan = deploy(settings, contracts, dry_run=dry_run)
    return [*(item.action for item in plan.contracts), *(item.action for item in plan.topics)]


def test_deploying_twice_changes_nothing(settings: Settings) -> None:
    contracts = as_written()
    assert deploy(settings, contracts.values()).changes
    tables = "select version, text, deployed_at from ops.contract order by source"
    first = rows(settings, tables)
    assert not deploy(settings, contracts.values()).changes
    assert rows(settings, tables) == first
    assert rows(settings, "select count(*) from ops.contract_history") == [(len(contracts),)]
    registry = Registry(settings.postgres_dsn)
    assert registry.deployed().contracts == contracts
    assert sorted(registry.deployed().numbers.values()) == list(range(1, len(contracts) + 1))
    registry.close()


def test_what_a_deployment_leaves_behind(settings: Settings) -> None:
    """A topic with received times, readable tables, labels of every listed value, the twelve divisions."""
    deploy(settings, [kiosk()])
    (topic,) = list_topics(settings)
    assert topic.name == f"{settings.topic_prefix}kiosk_sale"
    assert topic.configs["message.timestamp.type"] == "LogAppendTime"
    assert topic.configs["retention.ms"] == str(7 * 86_400_000)
    assert rows(settings, "select value, label from ref.label where field = 'kind' order by value") == [
        ("book", "图书"),
        ("paper", "报纸"),
    ]
    assert rows(settings, "select count(*), count(distinct terrain) from ref.division") == [(12, 3)]
    with psycopg.connect(settings.reader_dsn) as reader:
        for table in ("live.kiosk_sale__sales", "mart.kiosk_sale__sales", "mart.kiosk_sale__sales__revision"):
            assert reader.execute(f"select count(*) from {table}".encode()).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("insert into live.kiosk_sale__sales (minute) values (now())")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(settings: Settings) -> None:
    assert actions(settings, kiosk(), dry_run=True) == ["create", "create"]
    assert rows(settings, "select source from ops.contract") == []
    assert list_topics(settings) == []
    assert rows(settings, "select to_regclass('live.kiosk_sale__sales')") == [(None,)]


def test_an_allowed_change_is_deployed_and_kept_in_the_history(settings: Settings) -> None:
    deploy(settings, [kiosk()])
    wider = kiosk(
        ("[1, 50000]", "[1, 60000]"),
        ("book: 图书", "book: 书籍, map: 地图"),
        ("retention: 7d", "retention: 9d"),
    )
    assert actions(settings, wider) == ["change", "alter"]
    assert actions(settings, wider) == ["keep", "keep"]
    assert rows(settings, "select version from ops.contract") == [(wider.version,)]
    assert rows(settings, "select version from ops.contract_history order by id") == [
        (kiosk().version,),
        (wider.version,),
    ]
    assert rows(settings, "select label from ref.label where field = 'kind' order by value") == [
        ("书籍",),
        ("地图",),
        ("报纸",),
    ]


def test_a_breaking_change_is_refused_and_leaves_everything_as_it_was(settings: Settings) -> None:
    deploy(settings, [kiosk()])
    narrower = kiosk(("[1, 50000]", "[1, 40000]"), ("retention: 7d", "retention: 9d"))
    with pytest.raises(EvolutionError, match=r"kiosk_sale\.yaml:12: .*\[1, 50000\].*kiosk_sale_v2"):
        deploy(settings, [*as_written().values(), narrower])
    assert rows(settings, "select source, version from ops.contract") == [("kiosk_sale", kiosk().version)]
    (topic,) = list_topics(settings)
    assert topic.configs["retention.ms"] == str(7 * 86_400_000)


def test_a_contract_that_was_changed_in_python_is_not_deployed(settings: Settings) -> None:
    with pytest.raises(ContractError, match="the text is not this contract's"):
        deploy(settings, [kiosk().model_copy(update={"owner": "别人"})])


def test_a_retired_source_comes_back_under_its_old_number(settings: Settings) -> None:
    deploy(settings, [kiosk()])
    deploy(settings, as_written().values())
    registry = Registry(settings.postgres_dsn)
    number = registry.deployed().numbers["kiosk_sale"]
    retire(settings, "kiosk_sale")
    assert "kiosk_sale" not in registry.deployed().contracts
    with pytest.raises(NotDeployed, match="kiosk_sale"):
        retire(settings, "kiosk_sale")
    assert actions(settings, kiosk()) == ["create", "keep"]
    assert registry.deployed().numbers["kiosk_sale"] == number
    registry.close()


def test_deployments_at_the_same_time_wait_for_each_other(settings: Settings) -> None:
    contracts = list(as_written().values())
    with ThreadPoolExecutor(4) as threads:
        plans = list(threads.map(lambda _: deploy(settings, contracts), range(4)))
    assert sum(plan.changes for plan in plans) == 1
    assert rows(settings, "select count(*) from ops.contract_history") == [(len(contracts),)]


def test_the_registry_reads_only_what_changed(settings: Settings) -> None:
    deploy(settings, as_written().values())
    registry = Registry(settings.postgres_dsn)
    before = registry.deployed()
    assert registry.deployed() is before
    deploy(settings, [kiosk()])
    after = registry.deployed()
    assert after.revision != before.revision
    assert set(after.contracts) - set(before.contracts) == {"kiosk_sale"}
    assert all(after.contracts[source] is contract for source, contract in before.contracts.items())
    registry.close()


def test_the_registry_survives_a_lost_connection(settings: Settings) -> None:
    deploy(settings, [kiosk()])
    registry = Registry(settings.postgres_dsn)
    before = registry.deployed()
    rows(
        settings, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'registry'"
    )
    assert registry.deployed() is before
    registry.close()
