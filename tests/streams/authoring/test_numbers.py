"""Columns of numbers: refunds among amounts, and ranges that a type allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.streams.authoring.tables import at, drafted, evidence_of


@pytest.mark.parametrize("heading", ["应付金额", "应付金额(元)", "应付金额(万元)"])
def test_one_refund_is_said_and_the_contract_is_proposed(heading: str, tmp_path: Path) -> None:
    rows = [[at(n), f"Z{n % 5}", "-12.50" if n == 48 else f"{n + 1}.25"] for n in range(300)]
    made = drafted(tmp_path, f"时间,站点,{heading}", rows)
    (spec,) = (spec for spec in made.contract.fields.values() if spec.type == "fen")
    assert spec.range is not None
    assert spec.range[0] == 0
    assert "1 is below 0 and would be refused: line 50" in evidence_of(made, heading)


def test_amounts_of_which_many_are_refunds_may_be_negative(tmp_path: Path) -> None:
    rows = [[at(n), f"Z{n % 5}", f"{'-' if n % 4 == 0 else ''}{n + 1}.25"] for n in range(300)]
    made = drafted(tmp_path, "时间,站点,金额(万元)", rows)
    (guess,) = (guess for guess in made.chosen.fields if guess.heading == "金额(万元)")
    assert (guess.spec.type, guess.spec.range) == ("decimal", (-500, 500))


def test_no_amount_is_far_above_others_where_all_are_negative(tmp_path: Path) -> None:
    rows = [[at(n), f"Z{n % 5}", f"-{n % 40 + 1}.50"] for n in range(300)]
    made = drafted(tmp_path, "时间,站点,退款", rows)
    assert "far above" not in made.text
    assert "from -40.5 to -1.5" in evidence_of(made, "退款")


def test_one_amount_far_above_others_is_said(tmp_path: Path) -> None:
    rows = [[at(n), f"Z{n % 5}", "900000.00" if n == 7 else f"{n % 40 + 1}.50"] for n in range(3_000)]
    made = drafted(tmp_path, "时间,站点,金额(元)", rows)
    assert "far above all others: line 9" in evidence_of(made, "金额(元)")
