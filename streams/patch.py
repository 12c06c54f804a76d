"""A patch: what a person changes in quarantined events before they are judged again. Pure, no program in it.

A file of these (docs/operator.md has a whole one):

    source    the contract that the events are of
    why       stands in the history of every event that it changed
    rename    a key's other name; nothing happens where both are there
    replace   field -> value -> value; others stay
    multiply  12.5 or "12.50" becomes 1250; what is no number stays
    default   where the field is absent or null
    set       whatever was there
    remove    keys that the contract does not have
    tokenise  a raw number becomes its token, checked as the gateway does

The steps are taken in this order, whatever their order in the file. Only fields of `data` can be changed: who
sent an event, its id and its time stay what they were. A person's number is never written into a patch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams import strict_json
from streams.contract import strict_yaml
from streams.contract.errors import ContractError
from streams.contract.model import Contract
from streams.contract.suggestions import did_you_mean
from streams.envelope import Reason
from streams.errors import PatchWrong
from streams.personal import PersonalData, PersonalValue

Scalar = str | int | float | bool

STEPS = ("rename", "replace", "multiply", "default", "set", "remove", "tokenise")
_LARGEST_FACTOR = 1_000_000
_BIGINT = 2**63


class Patch(BaseModel):
    """See the module's text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    why: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
    rename: dict[str, str] = {}
    replace: dict[str, dict[str, Scalar]] = {}
    multiply: dict[str, Annotated[Decimal, Field(gt=0, le=_LARGEST_FACTOR)]] = {}
    default: dict[str, Scalar] = {}
    set: dict[str, Scalar] = {}
    remove: tuple[str, ...] = ()
    tokenise: tuple[str, ...] = ()


@dataclass(frozen=True)
class Patched:
    """An event after the patch. `reasons`: why a number that was to be tokenised is nobody's."""

    value: bytes
    reasons: tuple[Reason, ...] = ()


def read_patch(path: Path) -> Patch:
    """Read a patch file, YAML or JSON. Raises PatchWrong."""
    try:
        document = strict_yaml.read(path.read_text(encoding="utf-8"), str(path))
        return Patch.model_validate(strict_yaml.as_json(document.root))
    except (OSError, UnicodeDecodeError, ContractError) as error:
        raise PatchWrong(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise PatchWrong(f"{path} is no patch ({faults}). The steps are {', '.join(STEPS)}.") from error


def check_patch(patch: Patch, contract: Contract) -> None:
    """Raises PatchWrong with everything that does not fit the contract."""
    faults = list(_faults(patch, contract))
    if faults:
        raise PatchWrong(f"The patch does not fit the contract of {contract.source}: {'; '.join(faults)}.")


def _faults(patch: Patch, contract: Contract) -> Iterator[str]:
    if patch.source != contract.source:
        yield f"it is for {patch.source}"
    if not any(getattr(patch, step) for step in STEPS):
        yield f"it changes nothing: write one of {', '.join(STEPS)}"
    targets = {"rename": patch.rename.values(), "tokenise": patch.tokenise}
    for step in ("replace", "multiply", "default", "set"):
        targets[step] = getattr(patch, step)
    for step, names in targets.items():
        for name in names:
            if name not in contract.fields:
                yield f"{step}: there is no field '{name}'. {did_you_mean(name, contract.fields)}".strip()
            elif contract.fields[name].type in ("object", "list"):
                yield f"{step}: '{name}' holds fields of its own, which a patch does not change"
            elif step == "tokenise" and name not in contract.personal:
                yield f"tokenise: '{name}' is not a personal field"
            elif step not in ("tokenise", "rename") and name in contract.personal:
                yield f"{step}: '{name}' is personal; no number or token of a person is written into a patch"


def apply_patch(
    patch: Patch, contract: Contract, values: Sequence[bytes | None], personal: PersonalData | None
) -> list[Patched]:
    """The events after the patch, in their order; what is no JSON object with `data` stays as it is.

    `personal`: needed where the patch tokenises. The patch has been checked against the contract.
    """
    if patch.tokenise and personal is None:
        raise ValueError("a patch that tokenises needs the key of the edge")
    events = [_object_of(value) for value in values]
    wanted: list[list[PersonalValue]] = []
    for event in events:
        if event is None:
            wanted.append([])
            continue
        data = event["data"]
        _change(patch, data)
        wanted.append(
            [
                PersonalValue(data, name, contract.fields[name].type)
                for name in patch.tokenise
                if data.get(name) is not None
            ]
        )
    if personal is not None:
        personal.tokenise(each for of_event in wanted for each in of_event)
    return [
        Patched(value or b"")
        if event is None
        else Patched(strict_json.dumps(event), tuple(each.reason for each in of_event if each.reason))
        for value, event, of_event in zip(values, events, wanted, strict=True)
    ]


def _object_of(value: bytes | None) -> dict[str, Any] | None:
    try:
        event = strict_json.loads(value or b"")
    except strict_json.JsonRefused:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("data"), dict) else None


def _change(patch: Patch, data: dict[str, Any]) -> None:
    for old, new in patch.rename.items():
        if old in data and new not in data:
            data[new] = data.pop(old)
    for name, values in patch.replace.items():
        if name in data and _text(data[name]) in values:
            data[name] = values[_text(data[name])]
    for name, factor in patch.multiply.items():
        if name in data:
            data[name] = _product(data[name], factor)
    for name, value in patch.default.items():
        if data.get(name) is None:
            data[name] = value
    data.update(patch.set)
    for name in patch.remove:
        data.pop(name, None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else strict_json.dumps(value).decode()


def _product(value: Any, factor: Decimal) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    try:
        product = Decimal(str(value)) * factor
    except InvalidOperation:
        return value
    if not product.is_finite() or abs(product) >= _BIGINT:
        return value
    return int(product) if product == product.to_integral_value() else float(product)
