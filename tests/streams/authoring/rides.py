"""A source that the platform has never heard of: rides on public bicycles, as an operator exports them.

With what real exports have: empty cells, two wrong check digits, names and telephone numbers, yuan.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from streams import reference
from streams.contract import makers
from streams.contract.model import FieldSpec

HEADINGS = (
    "骑行单号", "借车时间", "还车时间", "所属区县", "借车站点编号", "姓名", "身份证号", "手机号", "会员类型",
    "骑行时长(分钟)", "费用(元)", "优惠(元)", "实付(元)", "是否助力车", "备注",
)  # fmt: skip
WRONG_IDS = (17, 431)
"""Lines of the file whose identity number has a wrong check digit."""

_ANY = FieldSpec(title="x", type="text")
_CLOCK = "%Y-%m-%d %H:%M:%S"
_MEMBERS = ("普通", "学生", "老年", "游客")
_HOURS = (7, 7, 7, 8, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 17, 17, 18, 18, 19, 20, 21)
_REMARKS = ("车锁难开", "链条有响声，已报修", "站点满桩，停在旁边", "刹车偏软")


def rides(count: int, *, begin: datetime, days: int = 20, seed: int = 7) -> Iterator[dict[str, str]]:
    """Rows by heading; empty cells are empty texts. The same for the same arguments."""
    random = Random(seed)
    divisions = [each.name for each in reference.divisions()]
    riders = [
        (
            "".join(random.choices("王李张刘陈", k=1)) + random.choice("伟芳娜敏静"),
            makers.resident_id(random, _ANY),
            makers.mobile(random, _ANY),
        )
        for _ in range(max(count // 12, 5))
    ]
    for number in range(count):
        name, identity, mobile = random.choice(riders)
        at = begin + timedelta(
            days=random.randrange(days), hours=random.choice(_HOURS), seconds=random.randrange(3600)
        )
        minutes = random.randrange(2, 90)
        cost = 150 + 50 * (minutes // 15)
        off = random.choice((0, 0, 50, 100))
        if number + 2 in WRONG_IDS:
            identity = identity[:-1] + ("1" if identity[-1] != "1" else "2")
        row = (
            f"QX{number:08d}", f"{at:{_CLOCK}}", f"{at + timedelta(minutes=minutes):{_CLOCK}}",
            random.choice(divisions), f"ZD{random.randrange(300):04d}", name, identity, mobile,
            random.choice(_MEMBERS), str(minutes), f"{cost / 100:.2f}", f"{off / 100:.2f}",
            f"{(cost - off) / 100:.2f}",
            random.choice("是否"), random.choice(_REMARKS) if random.random() < 0.05 else "",
        )  # fmt: skip
        yield dict(zip(HEADINGS, row, strict=True))


def write_csv(path: Path, rows: Iterator[dict[str, str]], *, encoding: str = "utf-8") -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    writer.writerows(row.values() for row in rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def write_lines(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path
