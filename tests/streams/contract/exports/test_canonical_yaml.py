"""What is exported as YAML is read back as the same contract."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from infra.cli.main import app
from streams.contract import strict_yaml
from streams.contract.errors import ContractError
from streams.contract.exports.canonical_yaml import canonical_yaml, yaml_text
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from tests.streams.contract.exports.conftest import CONTRACTS


def test_it_reads_back_as_the_same_contract_and_writes_itself_again(contract: Contract) -> None:
    text = canonical_yaml(contract)
    again = parse_contract(text, "exported.yaml")
    assert (again.model_dump(), again.version) == (contract.model_dump(), contract.version)
    assert canonical_yaml(again) == text


def test_it_is_written_as_people_write_it() -> None:
    text = canonical_yaml(CONTRACTS["kiosk_sale"])
    for line in (
        "topic: {key: kiosk}",  # the rest is what it is by default
        "accept: {past: 30d, future: 1h}",
        "  price_fen:\n    title: 价格\n    type: fen\n    range: [1, 50000]",
        "  open: {mon-fri: '06:00-18:30'}",
        "    - because: missing\n      field: kind\n      without: [kind]",
        "    range: [0.1, 5.5]",
    ):
        assert line in text, text


def test_a_contract_that_no_file_can_say_is_not_written() -> None:
    odd = CONTRACTS["kiosk_sale"].model_copy(update={"owner": " 首尾空白 "})
    with pytest.raises(ContractError):
        canonical_yaml(odd)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_any_value_of_an_example_comes_back_as_it_was(value: Any) -> None:
    """A counter-example may hold whatever a stranger sent: text that looks like a number, odd characters."""
    text = yaml_text({"value": value})
    assert strict_yaml.as_json(strict_yaml.read(text, "x").root["value"]) == value


@pytest.mark.parametrize(
    "tricky",
    ["1", "-0", "1e5", "01", "null", "true", "~", "", "18:30", "0x1f", "no", "=1+1", "# x", ": ", "a\tb"],
)
def test_texts_that_yaml_takes_for_something_else_stay_texts(tricky: str) -> None:
    text = yaml_text({"value": [tricky]})
    assert strict_yaml.as_json(strict_yaml.read(text, "x").root["value"]) == [tricky]


def test_the_command_gives_what_check_takes() -> None:
    runner = CliRunner()
    for source in ("canteen_meal", "subsidy_payout"):
        exported = runner.invoke(app, ["contract", "export", source, "--format", "yaml"])
        assert exported.exit_code == 0
        checked = runner.invoke(app, ["contract", "check", "-", "--json"], input=exported.stdout)
        assert checked.exit_code == 0, checked.output
        assert CONTRACTS[source].version in checked.stdout


def test_the_command_wants_one_source_for_a_form_of_one() -> None:
    told = CliRunner().invoke(app, ["contract", "export", "--format", "avro"])
    assert told.exit_code == 2
    assert "Name one source" in told.output
