"""The refused lines of a file, as a CSV that a department opens in its spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from streams.errors import ReportUnwritable

HEADINGS = ("行号", "字段", "字段名称", "代码", "原因")
SUFFIX = ".refused.csv"


class Report:
    """Written beside and put in place when the `with` block ends; after an error it is thrown away, and the
    report of an earlier import stays: half a report would mislead.

    UTF-8 with BOM, because spreadsheets on Windows take a CSV without one for GB18030.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = path.with_name(path.name + ".part")

    def __enter__(self) -> Report:
        """Raises ReportUnwritable."""
        try:
            self._file = self._draft.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise ReportUnwritable(
                f"The report of refused lines cannot be written to {self.path}: {error.strerror}."
                " Nothing was sent. Say where it may be: --report FILE."
            ) from error
        self._writer = csv.writer(self._file)
        self._writer.writerow(HEADINGS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if error is None:
            self._draft.replace(self.path)
        else:
            self._draft.unlink()

    def add(self, line: int, reasons: Iterable[tuple[str | None, str | None, str, str]]) -> None:
        """Each reason as (field, its title, code, Chinese text)."""
        for field, title, code, text in reasons:
            self._writer.writerow([line, _inert(field), _inert(title), code, _inert(text)])


def _inert(text: str | None) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "" if text is None else f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
