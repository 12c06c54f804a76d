"""The gateway's own documentation page. Swagger UI and ReDoc come from a wheel: no other host is asked."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

_ASSETS = files("fastapi_offline") / "static"
_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "favicon.png": "image/png",
}
_START = """\
SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null});
"""
_SWAGGER = """\
<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>民生事件网关 · 接口文档</title>
<link rel="icon" href="/docs/favicon.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_REDOC = """\
<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>民生事件网关 · 接口文档</title>
<link rel="icon" href="/docs/favicon.png"></head>
<body><redoc spec-url="/openapi.json"></redoc><script src="/docs/redoc.standalone.js"></script></body></html>
"""
# Inline styles are what both pages write at run time; scripts come from here and nowhere else.
_POLICY = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"
}


def add_docs(app: FastAPI) -> None:
    """Serve /docs (Swagger UI, requests can be tried), /redoc (for reading) and their files."""

    @app.get("/docs", include_in_schema=False)
    async def swagger() -> Response:
        return HTMLResponse(_SWAGGER, headers=_POLICY)

    @app.get("/redoc", include_in_schema=False)
    async def redoc() -> Response:
        return HTMLResponse(_REDOC, headers=_POLICY)

    @app.get("/docs/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name == "start.js":
            return Response(_START, media_type="text/javascript")
        if name not in _TYPES:
            return Response(status_code=404)
        return Response((_ASSETS / name).read_bytes(), media_type=_TYPES[name])
