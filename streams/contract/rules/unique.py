"""Rules for `unique`: what is said once in a period can be told from what is said twice."""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract import checks
from streams.contract.expressions import ExpressionError
from streams.contract.model import Contract, Unique
from streams.contract.rules.complaint import Complaint, about, about_expression
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of

MOST_RULES = 6
"""Each rule is a claim in PostgreSQL for each event that it is about."""


def complaints(contract: Contract) -> Iterator[Complaint]:
    if len(contract.unique) > MOST_RULES:
        yield about(
            ("unique",), f"{len(contract.unique)} rules", f"at most {MOST_RULES}", "Join some of them."
        )
    titles = {check.title: name for name, check in contract.checks.items()}
    told: dict[object, str] = {}
    for name, rule in contract.unique.items():
        path: Path = ("unique", name)
        if rule.title in titles:
            what = f"'{rule.title}' is the title of '{titles[rule.title]}' too"
            yield about((*path, "title"), what, "a title of its own", "It is the reason that operators read.")
        titles.setdefault(rule.title, name)
        same = (frozenset(rule.fields), rule.per, rule.where)
        if same in told:
            yield about(path, f"says what '{told[same]}' says", "a rule of its own", "Drop one of the two.")
        told.setdefault(same, name)
        yield from _fields(path, contract, rule)
        yield from _where(path, contract, name)


def _fields(path: Path, contract: Contract, rule: Unique) -> Iterator[Complaint]:
    for index, name in enumerate(rule.fields):
        where = (*path, "fields", index)
        outer = name.partition("__")[0]
        if name in contract.columns:
            if name in rule.fields[:index]:
                yield about(where, f"'{name}' twice", "each field once")
        elif outer in contract.lists:
            what = f"'{name}' is in a list: an event has many of them"
            yield about(where, what, one_of(contract.columns), "Send an event of its own for each item.")
        else:
            remedy = did_you_mean(name, contract.columns)
            yield about(where, f"no field '{name}'", one_of(contract.columns), remedy)


def _where(path: Path, contract: Contract, name: str) -> Iterator[Complaint]:
    try:
        checks.unique_filter(contract, name)
    except ExpressionError as error:
        yield about_expression((*path, "where"), error, contract.personal)
