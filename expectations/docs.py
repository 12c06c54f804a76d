"""Data Docs: the pages that Great Expectations renders, made fit to be served by this machine alone.

As rendered, each page loads 15 files from nine hosts (Bootstrap, jQuery, Vega, a counting pixel ...). Those
references are taken out and a policy forbids any other: a page shows what it says in the browser's own style,
loads nothing and runs nothing. The index of Great Expectations is a table made by those scripts; ours is
plain.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape, unescape
from pathlib import Path
from typing import Any

from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier

from expectations.questioner import DATA_DOCS, RESULTS, Questioner
from streams.zone import ZONE

REMEMBERED = "remembered"
"""File of the store that is none of its results: they end in .json."""

KEPT = 60
"""Results that are kept of each suite: two months of days, five hours of live checks every five minutes."""

_EXTERNAL = re.compile(
    r"<script[^>]*\bsrc=[\"']https?://[^>]*>\s*</script>|<link[^>]*\bhref=[\"']https?://[^>]*>"
    r"|<img[^>]*\bsrc=[\"']https?://[^>]*>",
    re.IGNORECASE,
)
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'\">"
)
_INDEX = """<!DOCTYPE html>
<html lang="zh-CN">
<head>{policy}<meta charset="utf-8"><title>数据质量</title>
<style>
body{{font-family:sans-serif;margin:2em}} td,th{{padding:.3em 1em;text-align:left}} .no{{color:#b00020}}
</style>
</head>
<body><h1>数据质量（Great Expectations）</h1>
<table><tr><th>时间</th><th>日期或范围</th><th>名称</th><th>规则</th><th>未通过</th><th>结论</th></tr>
{rows}
</table></body></html>
"""


@dataclass(frozen=True)
class Result:
    """One validation result in the store. `page` is relative to the site."""

    path: Path
    page: Path
    suite: str
    run_name: str
    run_time: str
    success: bool
    evaluated: int
    failed: int


def build(questioner: Questioner, home: Path) -> Path:
    """Render the results of this run, forget what is too old, write the index; gives back its path."""
    context = questioner.context
    keys = [
        key
        for key in context.validation_results_store.list_keys()
        if isinstance(key, ValidationResultIdentifier) and key.run_id == questioner.run
    ]
    for path in (home / RESULTS).rglob(f"{questioner.run.run_name}/**/*.json"):
        _make_inert(path)
    context.build_data_docs(resource_identifiers=keys, build_index=False)
    site = home / DATA_DOCS
    results = stored(home / RESULTS, _remembered(home / RESULTS))
    kept = pruned(results, site)
    _replace(
        home / RESULTS / REMEMBERED, json.dumps([_as_json(result) for result in kept], ensure_ascii=False)
    )
    for result in kept:
        if result.run_name == questioner.run.run_name:
            _localise(site / result.page)
    return _write_index(site, kept)


def stored(folder: Path, remembered: Mapping[Path, Result]) -> list[Result]:
    """All results in the store, newest first. Only those that are not `remembered` (by path) are read: there
    are thousands where many sources are judged every five minutes."""
    results = (remembered.get(path) or _read(path, folder) for path in folder.rglob("*.json"))
    return sorted(results, key=lambda each: each.run_time, reverse=True)


def pruned(results: Iterable[Result], site: Path) -> list[Result]:
    """Delete results and pages beyond the newest KEPT of each suite; gives back the others, newest first."""
    seen: dict[str, int] = defaultdict(int)
    kept = []
    for result in results:
        seen[result.suite] += 1
        if seen[result.suite] <= KEPT:
            kept.append(result)
        else:
            result.path.unlink(missing_ok=True)
            (site / result.page).unlink(missing_ok=True)
    return kept


def localised(page: str) -> str:
    """A page without references to other hosts, and with a policy that forbids them."""
    return _EXTERNAL.sub("", page).replace("<head>", f"<head>{_POLICY}", 1)


def inert(value: Any) -> Any:
    """A document whose texts may stand in HTML: Great Expectations 1.24.1 escapes nothing itself."""
    if isinstance(value, dict):
        return {key: inert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [inert(item) for item in value]
    return escape(unescape(value)) if isinstance(value, str) else value


def _make_inert(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    for result in document["results"]:
        result["result"] = inert(result["result"])
    _replace(path, json.dumps(document, ensure_ascii=False))


def _localise(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if _POLICY not in text:
        _replace(path, localised(text))


def _remembered(folder: Path) -> dict[Path, Result]:
    """What the last build knew of the store; nothing where it left nothing that can be read."""
    try:
        documents = json.loads((folder / REMEMBERED).read_text(encoding="utf-8"))
        results = [
            Result(**{**each, "path": Path(each["path"]), "page": Path(each["page"])}) for each in documents
        ]
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return {}
    return {result.path: result for result in results}


def _as_json(result: Result) -> dict[str, Any]:
    return {**asdict(result), "path": str(result.path), "page": str(result.page)}


def _read(path: Path, folder: Path) -> Result:
    document = json.loads(path.read_text(encoding="utf-8"))
    run = document["meta"]["run_id"]
    run = json.loads(run) if isinstance(run, str) else run
    return Result(
        path=path,
        page=Path("validations") / path.relative_to(folder).with_suffix(".html"),
        suite=document["suite_name"],
        run_name=run["run_name"],
        run_time=run["run_time"],
        success=document["success"],
        evaluated=document["statistics"]["evaluated_expectations"],
        failed=document["statistics"]["unsuccessful_expectations"],
    )


def _write_index(site: Path, results: Iterable[Result]) -> Path:
    path = site / "index.html"
    _replace(path, _INDEX.format(policy=_POLICY, rows="\n".join(map(_row, results))))
    return path


def _row(result: Result) -> str:
    moment = datetime.fromisoformat(result.run_time).astimezone(ZONE)
    verdict = "<td>通过</td>" if result.success else '<td class="no">未通过</td>'
    link = f'<a href="{escape(result.page.as_posix())}">{escape(result.suite)}</a>'
    return (
        f"<tr><td>{moment:%Y-%m-%d %H:%M:%S}</td><td>{escape(result.run_name)}</td><td>{link}</td>"
        f"<td>{result.evaluated}</td><td>{result.failed}</td>{verdict}</tr>"
    )


def _replace(path: Path, text: str) -> None:
    """Write a page at once, so that nobody is served half of it."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
