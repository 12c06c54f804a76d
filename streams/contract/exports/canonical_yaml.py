"""A contract as a contract file: without comments, always the same, read back as the same contract."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import yaml

from streams.contract.errors import ContractError, Problem
from streams.contract.exports.document import document
from streams.contract.loader import parse_contract
from streams.contract.model import Contract

# What the loader would take for JSON if it stood without quotes.
_LITERAL = re.compile(r"null|true|false|-?\d[\d.eE+-]*", re.ASCII)
# What only stands between double quotes as it is: elsewhere line breaks of any kind are folded.
_ESCAPED = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


def canonical_yaml(contract: Contract) -> str:
    """YAML from which the loader makes an equal contract of the same version.

    Raises ContractError for a contract made in Python that no file can say.
    """
    text = yaml_text(document(contract))
    name = f"{contract.source}.yaml"
    if parse_contract(text, name).version != contract.version:
        raise ContractError(
            [Problem(name, 1, "not what a file can say", "a contract that was read from one")]
        )
    return text


def yaml_text(value: Any) -> str:
    """Plain values as YAML, in their order: blocks outside, one line for what is small, no anchors."""
    return yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110
    )


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Equal values are written out each time: the loader refuses anchors."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        """Lists are indented below their key."""
        del indentless
        return super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if _ESCAPED.search(text) else "'" if _LITERAL.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(dumper: _Dumper, number: int | float | Decimal) -> yaml.ScalarNode:
    text = str(number) if isinstance(number, (int, Decimal)) else json.dumps(number)
    # Whatever YAML's own rules would make of it: it stands there without quotes and tag.
    tag = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(int, _number)
_Dumper.add_representer(float, _number)
_Dumper.add_representer(Decimal, _number)
