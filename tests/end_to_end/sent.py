"""What the test sends, and the plain computation that every number is compared with."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from stdnum.cn import ric

from streams.zone import ZONE

DIVISIONS = (
    "330302", "330303", "330304", "330305", "330324", "330326",
    "330327", "330328", "330329", "330381", "330382", "330383",
)  # fmt: skip
MOST_SUBSIDISED = 2
MEALS = {"breakfast": 7, "lunch": 12, "dinner": 17}


@dataclass(frozen=True)
class Meal:
    """One meal as a canteen's system knows it, with the elder's real number."""

    number: int
    at: datetime
    division: str
    canteen: str
    meal: str
    elder: str
    price_fen: int
    subsidy_fen: int

    def event(self) -> dict[str, Any]:
        """The CloudEvent that the canteen's system posts."""
        return {
            "specversion": "1.0",
            "id": f"meal-{self.number}",
            "source": "/test/canteens",
            "type": "canteen_meal",
            "time": self.at.isoformat(),
            "data": {
                "division": self.division,
                "canteen_id": self.canteen,
                "meal": self.meal,
                "service": "takeaway",
                "elder": self.elder,
                "price_fen": self.price_fen,
                "subsidy_fen": self.subsidy_fen,
                "paid_fen": self.price_fen - self.subsidy_fen,
                "channel": "card",
            },
        }


def identity_number(random_: random.Random) -> str:
    """A valid number of somebody who does not exist (GB 11643)."""
    born = date(1935, 1, 1) + timedelta(days=random_.randrange(9_000))
    body = f"330302{born:%Y%m%d}{random_.randrange(1000):03d}"
    return body + ric.calc_check_digit(body + "?")  # it leaves the last character out


def meals_of(day: date, count: int, seed: int) -> list[Meal]:
    """So many meals of a day; elders eat more than once and in more than one place, but each meal once.

    At most two of an elder's meals are subsidised: more would break a rule of the contract.
    """
    random_ = random.Random(seed)
    elders = [identity_number(random_) for _ in range(count // 2)]
    eaten = random_.sample([(elder, meal) for elder in elders for meal in MEALS], count)
    subsidised: Counter[str] = Counter()
    meals = []
    for number in range(count):
        division = DIVISIONS[number % len(DIVISIONS)]
        elder, meal = eaten[number]
        at = datetime.combine(day, time(MEALS[meal], random_.randrange(60)), ZONE)
        price = random_.randrange(800, 2000, 100)
        canteen = f"ST{division[3:]}{random_.randrange(1, 20):03d}"
        subsidy = random_.randrange(0, price, 100) if subsidised[elder] < MOST_SUBSIDISED else 0
        subsidised[elder] += subsidy > 0
        meals.append(Meal(number, at, division, canteen, meal, elder, price, subsidy))
    return meals


def totals(meals: Iterable[Meal]) -> dict[tuple[str, str], tuple[int, int]]:
    """(division, meal) -> number of meals, subsidy in fen."""
    count: Counter[tuple[str, str]] = Counter()
    subsidy: Counter[tuple[str, str]] = Counter()
    for meal in meals:
        count[meal.division, meal.meal] += 1
        subsidy[meal.division, meal.meal] += meal.subsidy_fen
    return {key: (count[key], subsidy[key]) for key in count}
