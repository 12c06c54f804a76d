"""`python -m infra.local.status_page`: one page for all parts, the same as JSON, and GX's Data Docs."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from html import escape
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path
from string import Template
from typing import Any

from infra.local.control import Control
from infra.local.parts import all_parts
from infra.local.status import TITLES, PartStatus, statuses
from streams.settings import Settings, settings_or_exit
from streams.version import in_one_line
from streams.zone import ZONE

# Asking every part costs some queries and requests: pages within this time share one answer.
SHARED_SECONDS = 3
DOCS = "/data_docs/"
# Nothing that is shown can run: values of events come near these pages.
POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

PAGE = Template("""<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta http-equiv="refresh" content="10">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>民生 · 运行状态</title>
<style>
body { font: 15px/1.5 "Noto Sans CJK SC", "PingFang SC", sans-serif; margin: 2rem; color: #222 }
table { border-collapse: collapse }
td, th { padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top }
th { border-bottom: 1px solid #999 }
td.number { text-align: right }
.healthy { color: #1a7f37 }
.unhealthy, .failing { color: #c0392b }
.starting { color: #9a6700 }
.stopped { color: #777 }
</style></head><body>
<h1>民生 · 运行状态</h1><p>$summary · $time 更新，每 10 秒刷新</p>
<table><tr><th>组件<th>状态<th>开始于<th>内存<th>说明</tr>
$rows
</table>
<p><a href="$docs">数据质量报告 (Data Docs)</a> · <a href="/status.json">JSON</a></p>
</body></html>
""")
ROW = Template(
    '<tr><td>$title ($name)<td class="$state">$word<td>$since<td class="number">$memory<td>$says</tr>'
)


def page(found: list[PartStatus], now: datetime) -> str:
    """The page in HTML: whatever a part says is text, never markup."""
    rows = [
        ROW.substitute(
            title=escape(part.title),
            name=escape(part.name),
            state=part.state,
            word=TITLES[part.state],
            since=f"{part.since:%m-%d %H:%M:%S}" if part.since else "",
            memory=f"{part.memory_bytes / 1024**2:.0f} MiB" if part.memory_bytes else "",
            says=escape(part.says),
        )
        for part in found
    ]
    healthy = sum(part.state == "healthy" for part in found)
    summary = f"{len(found)} 个组件，{healthy} 个正常"
    return PAGE.substitute(summary=summary, time=f"{now:%Y-%m-%d %H:%M:%S}", rows="\n".join(rows), docs=DOCS)


class Shared:
    """An answer that costs something, given to everybody who asks within SHARED_SECONDS."""

    def __init__(self, ask: Callable[[], list[PartStatus]]) -> None:
        self._ask, self._lock = ask, threading.Lock()
        self._answer: list[PartStatus] = []
        self._until = 0.0

    def get(self) -> list[PartStatus]:
        with self._lock:
            if time.monotonic() > self._until:
                self._answer = self._ask()
                self._until = time.monotonic() + SHARED_SECONDS
            return self._answer


class StatusHandler(SimpleHTTPRequestHandler):
    """GET / is the page, /status.json the same, /live says that this server lives, /data_docs/ are files."""

    timeout = 20
    server_version, sys_version = "minsheng", ""

    def __init__(self, *arguments: Any, shared: Shared, docs: Path) -> None:
        self._shared, self._docs = shared, docs
        super().__init__(*arguments, directory=str(docs))

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(page(self._shared.get(), datetime.now(ZONE)), "text/html")
        elif path == "/status.json":
            found = [part.as_json() for part in self._shared.get()]
            self._send(json.dumps(found, ensure_ascii=False, indent=1), "application/json")
        elif path == "/live":
            self._send("ok", "text/plain")
        elif path.startswith(DOCS) and self._docs.is_dir():
            self.path = path[len(DOCS) - 1 :]
            super().do_GET()
        else:
            text = "没有这一页。" if path != DOCS else "还没有数据质量报告：日终校验之后就有。"
            self._send(text, "text/plain", HTTPStatus.NOT_FOUND)

    def list_directory(self, path: str | PathLike[str]) -> None:
        self._send("没有这一页。", "text/plain", HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_request(self, *_: object) -> None:
        """Not every refresh of a page is worth a line."""

    def _send(self, text: str, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def serve(settings: Settings) -> ThreadingHTTPServer:
    """The server, listening on loopback; the caller runs it."""
    control = Control(settings)
    shared = Shared(lambda: statuses(control, all_parts(settings)))
    handler = partial(StatusHandler, shared=shared, docs=settings.home / "data_docs")
    return ThreadingHTTPServer(("127.0.0.1", settings.status_port), handler)


def main() -> None:
    settings = settings_or_exit()
    sys.stdout.write(f"{in_one_line(settings, 'status')}\n")
    with serve(settings) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
