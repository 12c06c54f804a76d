"""Every mistake in a contract is told with its line, what was found and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.contract.errors import ContractError
from streams.contract.loader import load_contracts, parse_contract
from tests.streams.contract.seeded import MISTAKES, SOUND, Mistake
from tests.streams.contract.seeded_cases import CASE_MISTAKES, SOUND_CASES

EVERY = [*((SOUND, mistake) for mistake in MISTAKES), *((SOUND_CASES, mistake) for mistake in CASE_MISTAKES)]


@pytest.mark.parametrize("sound", [SOUND, SOUND_CASES], ids=["kiosk_sale", "repair_case"])
def test_the_sound_contract_is_sound(sound: str) -> None:
    assert sound.startswith(f"source: {parse_contract(sound, 'a.yaml').source}\n")


def test_there_are_mistakes_enough() -> None:
    assert len({mistake.name for _, mistake in EVERY}) == len(EVERY) >= 130


@pytest.mark.parametrize(("sound", "mistake"), EVERY, ids=[each.name.replace(" ", "-") for _, each in EVERY])
def test_a_mistake_is_told_with_line_and_remedy(sound: str, mistake: Mistake) -> None:
    assert sound.count(mistake.old) == 1, "the mistake must be seeded at one place"
    with pytest.raises(ContractError) as raised:
        parse_contract(sound.replace(mistake.old, mistake.new), "kiosk_sale.yaml")
    told = [problem for problem in raised.value.problems if mistake.what in problem.what]
    assert told, f"nobody told about {mistake.what!r}:\n{raised.value}"
    assert (told[0].file, told[0].line) == ("kiosk_sale.yaml", mistake.line), raised.value
    assert mistake.help in f"{told[0].expected} {told[0].remedy}", raised.value


def test_all_problems_of_a_section_are_told_at_once() -> None:
    text = SOUND.replace("type: decimal", "type: decimel").replace("type: date}", "type: dat}")
    with pytest.raises(ContractError) as raised:
        parse_contract(text, "kiosk_sale.yaml")
    assert [problem.line for problem in raised.value.problems] == [13, 14]


def test_a_problem_reads_like_a_compilers() -> None:
    with pytest.raises(ContractError) as raised:
        parse_contract(SOUND.replace("owner: 文化", "ownr: 文化"), "a/kiosk_sale.yaml")
    assert str(raised.value.problems[1]) == (
        "a/kiosk_sale.yaml:4: unknown key 'ownr' in the contract; expected one of source, title, about,"
        " owner, topic, accept, fields, checks, unique, life_cycle, metrics, expect, day_rules, simulate,"
        " examples."
        " Did you mean 'owner'?"
    )


def test_two_contracts_for_one_source_are_refused_at_the_one_that_is_misnamed(tmp_path: Path) -> None:
    (tmp_path / "kiosk_sale.yaml").write_text(SOUND, "utf-8")
    (tmp_path / "kiosk_sale (copy).yaml").write_text("# a copy\n" + SOUND, "utf-8")
    with pytest.raises(ContractError) as raised:
        load_contracts(tmp_path)
    (problem,) = raised.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "kiosk_sale (copy).yaml"), 2)
    assert problem.what == "a second contract for the source 'kiosk_sale'"
    assert "kiosk_sale.yaml is the other" in problem.remedy


def test_a_file_named_otherwise_is_told_what_to_be_called(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.yaml"
    path.write_text(SOUND, "utf-8")
    with pytest.raises(ContractError, match=r"Rename the file to kiosk_sale\.yaml"):
        load_contracts(tmp_path)
