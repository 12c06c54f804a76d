"""What a person says about a foreign file: which heading leads to which field, and how its cells are written.

A mapping file (YAML):

    sender: /la/311                 # CloudEvents `source` of the events
    zone: Asia/Shanghai             # whose wall clock the file's times are
    header_row: 3                   # the line of the headings, where it is not found by itself
    columns:
      srnumber: id                  # id, time: attributes of the event; else: a field of the contract
      createddate: {to: time, format: '%m/%d/%y %H:%M'}
      uploaded: {to: uploaded_at, format: epoch milliseconds}    # or: epoch seconds, since 1970
      amount: {to: price_fen, unit: 元}
      anonymous: {to: anonymous, values: {Y: 'true', N: 'false'}}
      opened_on: {to: time, clock: opened_at}     # the day stands in one column, its time in another
      parts.unitPrice: {to: parts__price_fen, unit: 元}    # JSON lines: within an object, or a list's items

Where something is said of what stands within an object or a list, what is not said of it leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from streams.contract import strict_yaml
from streams.contract.errors import ContractError
from streams.contract.scalars import Whole
from streams.errors import MappingWrong
from streams.importer.values import EPOCHS

MOST_ABOVE = 1_000
"""Lines down to which headings may stand."""


class Column(BaseModel):
    """Where a heading leads. `values`: a cell's text -> the text that is taken in its place.

    `clock`: the heading of the column with the time of day, where this one has the day only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str
    format: str | None = Field(None, description="strptime format of a date or time, or one of EPOCHS")
    unit: Literal["元", "角", "分", "万元"] | None = Field(None, description="unit of an amount of money")
    values: dict[str, str] = {}
    clock: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    @field_validator("format")
    @classmethod
    def _known(cls, form: str | None) -> str | None:
        if form is not None and "%" not in form and form not in EPOCHS:
            raise ValueError(f"'{form}' is no format: write it like %Y-%m-%d %H:%M, or {' or '.join(EPOCHS)}")
        return form


class ColumnMapping(BaseModel):
    """See the module's text. What is None is left to the command's options and their defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sender: str | None = None
    zone: str | None = None
    header_row: Annotated[Whole, Field(ge=1, le=MOST_ABOVE)] | None = None
    columns: dict[str, Column] = {}


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping file. Raises MappingWrong."""
    try:
        document = strict_yaml.read(path.read_text(encoding="utf-8"), str(path))
        return ColumnMapping.model_validate(_plain(document.root))
    except (OSError, UnicodeDecodeError, ContractError) as error:
        raise MappingWrong(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise MappingWrong(f"{path} is not a mapping ({faults}). See `minsheng import --help`.") from error


def with_options(mapping: ColumnMapping, options: Iterable[str]) -> ColumnMapping:
    """The mapping with `--map HEADING=FIELD` added; an option wins over the file. Raises MappingWrong.

    `--map DAY+CLOCK=time` takes the day of one column and the time of day of another.
    """
    columns = dict(mapping.columns)
    for option in options:
        heading, equals, target = option.rpartition("=")
        if not (equals and heading.strip() and target.strip()):
            raise MappingWrong(f"--map {option}: write it as --map HEADING=FIELD.")
        told: dict[str, str | None] = {"to": target.strip()}
        day, plus, clock = heading.strip().rpartition("+")
        if target.strip() == "time" and plus and day.strip() and clock.strip():
            heading, told["clock"] = day, clock.strip()
        known = columns.get(heading.strip(), Column(to=target.strip()))
        columns[heading.strip()] = known.model_copy(update=told)
    return mapping.model_copy(update={"columns": columns})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value)
