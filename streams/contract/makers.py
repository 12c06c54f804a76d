"""Values of named types for the simulator: synthetic, valid, the same for the same seed.

No maker knows a real person: order codes and numbers are drawn at random.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from streams import reference
from streams.contract import pattern_maker
from streams.contract.model import FieldSpec

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_FIRST_DAY = date(2022, 1, 1)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PLATE = _LETTERS + "0123456789"
_SURNAMES = "陈林黄张王李吴周叶郑"
_GIVEN = "伟芳敏静建国秀英海燕明华丽军平"


def division(random: Random, _: FieldSpec) -> str:
    return random.choice(reference.divisions()).code


def township(random: Random, _: FieldSpec) -> str:
    return random.choice(reference.townships()).code


def whole_number(random: Random, spec: FieldSpec) -> int:
    low, high = spec.range or (0, 10_000)
    return random.randint(int(low), int(high))


def decimal_number(random: Random, spec: FieldSpec) -> float:
    low, high = spec.range or (0, 100)
    tenths = random.randint(int(Decimal(low) * 10), int(Decimal(high) * 10))
    return tenths / 10


def enum(random: Random, spec: FieldSpec) -> str:
    return random.choice(list(spec.values or {}))


def text(random: Random, spec: FieldSpec) -> str:
    """A text that the field's pattern allows; without one, letters and digits."""
    if spec.pattern is not None:
        return pattern_maker.make(random, spec.pattern)
    return "".join(random.choices(_LETTERS, k=min(8, spec.max_length or 8)))


def day(random: Random, _: FieldSpec) -> str:
    return (_FIRST_DAY + timedelta(days=random.randrange(365))).isoformat()


def instant(random: Random, _: FieldSpec) -> str:
    moment = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(365 * 86_400))
    return moment.isoformat()


def truth(random: Random, _: FieldSpec) -> bool:
    return random.choice((True, False))


def resident_id(random: Random, _: FieldSpec) -> str:
    """An elder's: born 1927 to 1962 in one of the city's divisions."""
    born = date(1927, 1, 1) + timedelta(days=random.randrange(36 * 365))
    body = f"{random.choice(reference.divisions()).code}{born:%Y%m%d}{random.randrange(1000):03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def mobile(random: Random, _: FieldSpec) -> str:
    return f"1{random.choice('3456789')}{random.randrange(10**9):09d}"


def bank_card(random: Random, _: FieldSpec) -> str:
    body = f"62{random.randrange(10**16):016d}"
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def plate(random: Random, _: FieldSpec) -> str:
    """A licence plate of the province; one of three is a new-energy car's."""
    head = "浙" + random.choice("ABCDEFGHJKL")
    if random.random() < 1 / 3:
        return f"{head}{random.choice('DF')}{random.randrange(10**5):05d}"
    return head + "".join(random.choices(_PLATE, k=5))


def person_name(random: Random, _: FieldSpec) -> str:
    return random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))


def address(random: Random, _: FieldSpec) -> str:
    at = random.choice(reference.townships())
    road = random.choice(("人民", "学院", "车站", "府前"))
    return f"{at.name}{road}路{random.randrange(1, 400)}号{random.randrange(1, 31)}幢"


def insurance_no(random: Random, _: FieldSpec) -> str:
    return f"{random.choice(reference.divisions()).code}{random.randrange(10**10):010d}"


def credit_code(random: Random, _: FieldSpec) -> str:
    body = f"91{random.choice(reference.divisions()).code}" + "".join(random.choices(_USCC_ALPHABET, k=9))
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return body + _USCC_ALPHABET[-total % 31]
