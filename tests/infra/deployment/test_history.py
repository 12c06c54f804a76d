"""A source's history: who did what and when, what it changed, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from infra.cli.contract import app
from infra.deploy import deploy, retire
from infra.deployment.history import back, told
from infra.errors import NoSuchVersion, NotDeployed
from infra.who import who
from streams.contract.errors import ContractError, EvolutionError
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.registry import deployed, everything
from streams.settings import Settings
from tests.streams.contract.seeded import SOUND

pytestmark = pytest.mark.servers


def kiosk(*changes: tuple[str, str]) -> Contract:
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_contract(text, "kiosk_sale.yaml")


FIRST = kiosk()
RENAMED = kiosk(("per_day: 500", "per_day: 900"), ("title: 报亭销售", "title: 售报"))
WIDER = kiosk(("[1, 50000]", "[1, 60000]"), ("per_day: 500", "per_day: 900"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_history_says_who_did_what_and_what_it_changed(settings: Settings) -> None:
    for contract in (FIRST, RENAMED):
        deploy(settings, [contract])
    retire(settings, "kiosk_sale")
    deploy(settings, [RENAMED])
    back(settings, "kiosk_sale", FIRST.version[:6])
    events = told(settings, "kiosk_sale")
    assert [(event.entry.action, event.entry.version) for event in events] == [
        ("deploy", FIRST.version),
        ("deploy", RENAMED.version),
        ("retire", RENAMED.version),
        ("deploy", RENAMED.version),
        ("back", FIRST.version),
    ]
    assert {event.entry.by for event in events} == {who()}
    changed = events[1].changes
    assert changed is not None
    assert [str(each) for each in changed] == ["title: 报亭销售 -> 售报", "expect.per_day: 500 -> 900"]
    assert deployed(settings).contracts["kiosk_sale"].version == FIRST.version

    shown = json.loads(run("history", "kiosk_sale", "--json").stdout)
    assert [line["action"] for line in shown] == ["deploy", "deploy", "retire", "deploy", "back"]
    assert "售报" in run("history", "kiosk_sale").stdout
    assert run("history", "kiosk_sale", "--text", RENAMED.version).stdout == RENAMED.text


def test_going_back_is_refused_where_data_of_the_newer_version_would_not_be_readable(
    settings: Settings,
) -> None:
    for contract in (FIRST, WIDER):
        deploy(settings, [contract])
    with pytest.raises(EvolutionError, match=r"cannot go back: field 'price_fen' has the range \[1, 50000\]"):
        back(settings, "kiosk_sale")
    assert deployed(settings).contracts["kiosk_sale"].version == WIDER.version
    told_on_terminal = run("back", "kiosk_sale", "--no-dashboards")
    assert told_on_terminal.exit_code == 1
    assert "Data written since would not be readable" in told_on_terminal.output


def test_a_version_that_never_was_is_not_gone_back_to(settings: Settings) -> None:
    with pytest.raises(NotDeployed):
        back(settings, "kiosk_sale")
    deploy(settings, [FIRST])
    with pytest.raises(NoSuchVersion, match="no version before"):
        back(settings, "kiosk_sale")
    with pytest.raises(NoSuchVersion, match=f"no version beef; it has {FIRST.version}"):
        back(settings, "kiosk_sale", "beef")


def test_diff_says_what_differs_and_whether_it_may_replace(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_CONTRACTS_DIR", str(tmp_path))
    deploy(settings, [FIRST])
    file = tmp_path / "kiosk_sale.yaml"
    file.write_text(WIDER.text, encoding="utf-8")
    allowed = run("diff", "kiosk_sale")
    assert (allowed.exit_code, "may replace it" in allowed.stdout) == (0, True)
    assert "fields.price_fen.range: [1, 50000] -> [1, 60000]" in allowed.stdout
    deploy(settings, [WIDER])
    refused = run("diff", "kiosk_sale", "--to", FIRST.version, "--json")
    assert refused.exit_code == 3
    assert json.loads(refused.stdout)["refused"] == [
        {
            "what": "field 'price_fen' has the range [1, 50000]",
            "expected": "[1, 60000]",
        }
    ]


def test_a_contract_that_cannot_be_read_any_more_does_not_stop_others(settings: Settings) -> None:
    """A later platform may understand less than the one that deployed it; the others are deployed still."""
    deploy(settings, [FIRST])
    other = kiosk(("source: kiosk_sale", "source: kiosk_loan"))
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute(
            "update ops.contract set text = replace(text, 'type: decimal', 'type: forgotten'),"
            " version = 'older'"
        )
    assert deploy(settings, [other]).changes
    known = everything(settings)
    assert set(known.deployed) == {"kiosk_loan"}
    assert "unknown type 'forgotten'" in known.unreadable["kiosk_sale"]
    with pytest.raises(ContractError, match="forgotten"):
        deploy(settings, [FIRST])
    retire(settings, "kiosk_sale")
    assert set(deployed(settings).contracts) == {"kiosk_loan"}


def test_a_retired_contract_is_still_known(settings: Settings) -> None:
    deploy(settings, [FIRST])
    retire(settings, "kiosk_sale", dry_run=True)
    assert set(everything(settings).deployed) == {"kiosk_sale"}
    retire(settings, "kiosk_sale")
    known = everything(settings)
    assert (dict(known.deployed), set(known.retired), set(known.contracts)) == (
        {},
        {"kiosk_sale"},
        {"kiosk_sale"},
    )
