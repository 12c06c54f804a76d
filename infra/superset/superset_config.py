"""How Superset is configured. Superset imports this file in its own environment (SUPERSET_CONFIG_PATH).

It cannot import `streams`: what it needs of the settings comes in `MINSHENG_SUPERSET_*` (see `environment.py`),
secrets come from files, so that no password stands in an environment or in a supervisor's configuration.
"""

import copy
import json
import os
from pathlib import Path

from superset.config import TALISMAN_CONFIG as _TALISMAN_CONFIG
from superset.config import THEME_DEFAULT as _THEME_DEFAULT

_HOME = Path(os.environ["MINSHENG_SUPERSET_HOME"])
_SECRETS = Path(os.environ["MINSHENG_SUPERSET_SECRETS"])


def _secret(name):
    return (_SECRETS / name).read_text(encoding="ascii").strip()


SECRET_KEY = _secret("superset_key")
SQLALCHEMY_DATABASE_URI = os.environ["MINSHENG_SUPERSET_METADATA"].replace("PASSWORD", _secret("superset"))
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 5, "pool_pre_ping": True, "pool_recycle": 1800}

# One machine: files instead of Redis. Data is kept for less than one refresh, so that several walls that show
# the same page ask PostgreSQL once, and nobody sees a number older than this plus the refresh.
DATA_SECONDS = 5


def _files(name, seconds):
    return {
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(_HOME / "cache" / name),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_THRESHOLD": 2000,
    }


CACHE_CONFIG = _files("metadata", 300)
DATA_CACHE_CONFIG = _files("data", DATA_SECONDS)
FILTER_STATE_CACHE_CONFIG = _files("filter", 30 * 86400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _files("explore", 7 * 86400)
DASHBOARD_AUTO_REFRESH_MODE = "fetch"
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
AUTH_RATE_LIMIT = "30 per minute"


CELERY_CONFIG = None  # nothing runs in the background: no SQL Lab async, no alerts, no reports

# Language and looks
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {
    "zh": {"flag": "cn", "name": "简体中文"},
    "en": {"flag": "us", "name": "English"},
}
APP_NAME = "民生"
_LOGO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='132' height='28'%3E"
    "%3Crect width='28' height='28' rx='6' fill='%231f6feb'/%3E"
    "%3Cpath d='M6 20V13M11 20V8M16 20V11M21 20V6' stroke='white' stroke-width='3' stroke-linecap='round'/%3E"
    "%3Ctext x='37' y='20' font-size='18' font-weight='600' fill='%231f2937'"
    " font-family='Noto Sans CJK SC,PingFang SC,Microsoft YaHei,sans-serif'%3E民生平台%3C/text%3E%3C/svg%3E"
)
LOGO_TARGET_PATH = "/dashboard/list/"
# A page that refreshes itself sets a chart's options anew without their defaults: the two buttons of a legend would
# lose what is written on them (Echart.tsx of 6.1.0 merges, and ECharts writes the titles into what it is given).
_LEGEND = {"legend": {"selector": [{"type": "all", "title": "全选"}, {"type": "inverse", "title": "反选"}]}}
THEME_DEFAULT = {
    **_THEME_DEFAULT,
    "echartsOptionsOverridesByChartType": dict.fromkeys(("echarts_area", "echarts_timeseries_bar"), _LEGEND),
    "token": {
        **_THEME_DEFAULT["token"],
        "brandAppName": APP_NAME,
        "brandLogoAlt": "民生",
        "brandLogoUrl": _LOGO,
        "brandLogoHeight": "28px",
        "brandLogoMargin": "14px 0",
        "brandLogoHref": "/dashboard/list/",
        "colorPrimary": "#1f6feb",
        "colorLink": "#1f6feb",
        "fontFamily": "Inter, 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif",
    },
}
THEME_DARK = None
ENABLE_UI_THEME_ADMINISTRATION = False
THEME_FONT_URL_ALLOWED_DOMAINS = []
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "minsheng",
        "description": "",
        "label": "民生",
        "isDefault": True,
        "colors": [
            "#1f6feb", "#e8833a", "#2aa198", "#c94f7c", "#7a5af8", "#8a9a3b",
            "#3fa7d6", "#d9a404", "#5b6b82", "#b5523b", "#46a35e", "#9b6fb0",
        ],
    }
]
D3_TIME_FORMAT = {
    "dateTime": "%Y年%-m月%-d日 %H:%M:%S",
    "date": "%Y-%m-%d",
    "time": "%H:%M:%S",
    "periods": ["上午", "下午"],
    "days": ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
    "shortDays": ["周日", "周一", "周二", "周三", "周四", "周五", "周六"],
    "months": ["一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"],
    "shortMonths": ["1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"],
}
SUPERSET_DASHBOARD_PERIODICAL_REFRESH_LIMIT = 5
DASHBOARD_AUTO_REFRESH_INTERVALS = [[0, "不自动刷新"], [10, "10 秒"], [30, "30 秒"], [60, "1 分钟"]]

# Who may do what: nobody without a login, no template language, no uploads, no database but those we add.
FEATURE_FLAGS = {
    "ALERT_REPORTS": False,
    "EMBEDDED_SUPERSET": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ALLOW_ADHOC_SUBQUERY": False,
    "TAGGING_SYSTEM": False,
    "DRILL_TO_DETAIL": False,
    "DRILL_BY": False,
    "CSS_TEMPLATES": False,
}
AUTH_USER_REGISTRATION = False
FAB_API_SWAGGER_UI = False
PREVENT_UNSAFE_DB_CONNECTIONS = True
HTML_SANITIZATION = True
ENABLE_CORS = False
WTF_CSRF_ENABLED = True
SESSION_COOKIE_NAME = "minsheng_superset"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PERMANENT_SESSION_LIFETIME = 30 * 86400  # a wall screen stays logged in, also when its browser is started again
# A session is written when somebody logs in or out, and by no other answer: one that comes late (a page asks for
# twenty things at once) would put the session of before in its place, and undo the login or the logout.
SESSION_REFRESH_EACH_REQUEST = False
SESSION_PROTECTION = None
SQLLAB_TIMEOUT = 15
SUPERSET_WEBSERVER_TIMEOUT = 30


# Superset's wheel asks a company's server for a pixel whenever the menu is drawn, whatever SCARF_ANALYTICS says: the
# variable is read when the wheel is built (TelemetryPixel.tsx). The policy below would refuse it, noisily.
_PIXEL = b"https://apachesuperset.gateway.scarf.sh"
_EMPTY_PIXEL = b"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=#"


# Words of Superset's Chinese that are missing, or wrong ("Sign in" is "Not In" in 6.1.0).
_WORDS = json.loads(Path(__file__).with_name("chinese_words.json").read_text("utf-8"))

# Superset's own pages for these are in English, and ask another host for a font.
_ERROR_PAGE = Path(__file__).with_name("error_page.html").read_text("utf-8")
_ERRORS = {
    404: ("没有这一页", "地址可能写错了，或者这个来源的看板已经撤下。"),
    500: ("出错了", "请稍后再试；一再出现，请联系管理员，并告知出错的时间和地址。"),
}


def FLASK_APP_MUTATOR(app):  # noqa: N802 (Superset's name)
    """Keep logins; take the pixel out of the scripts that are served; keep no colours; mend words and error pages."""
    from flask import jsonify, request, session
    from flask_login import user_logged_in

    @user_logged_in.connect_via(app)
    def keep_login(_app, **_user):
        session.permanent = True

    app.extensions["minsheng_keep_login"] = keep_login  # the signal itself holds it weakly

    # Every browser that opens a page wants to store which colour it gave to which label, also that of a person who
    # may only look: refused, it is an error on the page (SupersetClient.put of persistDashboardLabelsColor, 6.1.0).
    @app.before_request
    def without_colors():
        is_colors = request.path.startswith("/api/v1/dashboard/") and request.path.endswith("/colors")
        return jsonify({"result": {}}) if request.method == "PUT" and is_colors else None

    @app.after_request
    def without_pixel(response):
        if request.endpoint == "static" and request.path.endswith(".js") and response.status_code == 200:
            response.direct_passthrough = False
            script = response.get_data()
            if _PIXEL in script:
                response.set_data(script.replace(_PIXEL, _EMPTY_PIXEL))
        return response

    @app.after_request
    def with_own_errors(response):
        if response.status_code in _ERRORS and response.mimetype == "text/html":
            says, following = _ERRORS[response.status_code]
            response.direct_passthrough = False
            response.set_data(_ERROR_PAGE.replace("SAYS", says).replace("NEXT", following))
            response.headers.pop("ETag", None)
        return response

    @app.after_request
    def with_words(response):
        if request.path.startswith("/superset/language_pack/zh") and response.is_json:
            response.direct_passthrough = False
            pack = response.get_json()
            pack["locale_data"]["superset"].update({word: [meaning] for word, meaning in _WORDS.items()})
            response.set_data(json.dumps(pack, ensure_ascii=False))
        return response


# No page asks anybody outside this machine for anything.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = copy.deepcopy(_TALISMAN_CONFIG)
TALISMAN_CONFIG["content_security_policy"].update(
    {
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
    }
)
