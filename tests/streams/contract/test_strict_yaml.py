"""Scalars keep their text, and nothing that expands or hides is let in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.contract.errors import ContractError
from streams.contract.loader import load_contract, load_contracts, parse_contract
from streams.contract.strict_yaml import as_json, read
from tests.streams.contract.seeded import SOUND


@pytest.mark.parametrize(
    "text", ["18:30", "no", "Yes", "012345", "1e3", "0x1F", "1_000", "2022-01-01", "null", "=", ".inf"]
)
def test_a_scalar_stays_the_text_that_stands_there(text: str) -> None:
    assert read(f"key: {text}", "x.yaml").root == {"key": text}


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("12", 12),
        ("-0.5", -0.5),
        ("true", True),
        ("null", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("012", "012"),
        ("18:30", "18:30"),
        ("no", "no"),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".5", ".5"),
        ("{a: [1, 'b']}", {"a": [1, "b"]}),
        ("9223372036854775808", 9223372036854775808),
    ],
)
def test_examples_are_json_as_it_would_be_sent(written: str, sent: object) -> None:
    assert as_json(read(f"key: {written}", "x.yaml").root)["key"] == sent
    assert type(as_json(read(f"key: {written}", "x.yaml").root)["key"]) is type(sent)


def test_every_key_and_value_has_its_line() -> None:
    document = read("a: 1\nb:\n  c: {d: 2}\n  e:\n    - x\n    - y\n", "x.yaml")
    paths = [("a",), ("b", "c"), ("b", "c", "d"), ("b", "e", 1), ("b", "c", "absent"), ("absent",)]
    assert [document.line(path) for path in paths] == [1, 3, 3, 6, 3, 1]


def test_depth_and_length_are_bounded_before_memory_is_spent() -> None:
    for text, what in (("a: " + "[" * 100_000, "nesting"), ("a: " + "x" * 300_000, "300,003 characters")):
        with pytest.raises(ContractError, match=what):
            read(text, "x.yaml")


def test_a_billion_laughs_are_refused_at_the_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{k}: &{k} [*{p}, *{p}]\n" for p, k in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(ContractError, match=r"x\.yaml:1: anchor &a"):
        read(bomb, "x.yaml")


@given(st.text(max_size=60))
@example("\x00")
@example("\ufeffa: 1")
@example("a: \ud800")
@example("? [a]\n: b")
@example("? a\n? b\n")
@example("{" * 30)
@example("%YAML 9.9\n---\na: 1")
@example("a: |\n  x")
def test_whatever_is_read_is_a_mapping_or_a_problem_with_a_line(text: str) -> None:
    try:
        root, problems = read(text, "x.yaml").root, ()
    except ContractError as error:
        root, problems = None, error.problems
    assert isinstance(root, dict) != bool(problems)
    assert all(problem.line >= 1 and problem.what for problem in problems)


@given(st.data())
def test_a_damaged_contract_never_breaks_the_reader(data: st.DataObject) -> None:
    """Cut, doubled or shuffled lines: a contract or a ContractError, nothing else."""
    lines = SOUND.splitlines(keepends=True)
    picked = data.draw(st.lists(st.sampled_from(lines), min_size=1, max_size=len(lines)))
    cut = data.draw(st.integers(0, len(SOUND)))
    for text in ("".join(picked), SOUND[:cut], SOUND[:cut] + SOUND[cut + 1 :]):
        try:
            said = parse_contract(text, "x.yaml").text
        except ContractError as error:
            said = str(error)
        assert said == text or said.startswith("x.yaml:")


def test_a_file_is_utf_8_and_named_after_its_source(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "kiosk.yaml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(ContractError, match=r"kiosk\.yaml:1: source 'kiosk_sale'; expected 'kiosk'"):
        load_contract(tmp_path / "kiosk.yaml")
    (tmp_path / "kiosk_sale.yaml").write_text(SOUND, encoding="gb18030")
    with pytest.raises(ContractError, match=r"kiosk_sale\.yaml:2: not UTF-8.*not in GB18030"):
        load_contract(tmp_path / "kiosk_sale.yaml")


def test_a_folder_tells_the_problems_of_all_its_files(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ContractError, match="no contract"):
        load_contracts(tmp_path)
    for name in ("one", "two"):
        text = SOUND.replace("kiosk_sale", name).replace("owner: 文化\n", "")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "three.yml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(ContractError) as raised:
        load_contracts(tmp_path)
    assert [problem.file.rsplit("/", 1)[1] for problem in raised.value.problems] == [
        "one.yaml",
        "three.yml",
        "two.yaml",
    ]
