"""A day by hour as an SVG: no script, no font of its own, nothing that a reader's machine must load. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from xml.sax.saxutils import escape

from infra.trial.outcome import ACCEPTED, CONFLICT, DUPLICATE, REFUSED

WIDTH, HEIGHT = 960, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 64, 40
_HOURS = 24
_FONTS = (
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei',sans-serif"
)
# Okabe and Ito's colours, which those who see red and green alike can tell apart.
_SHOWN = {ACCEPTED: ("接收", "#0072b2"), REFUSED: ("拒收", "#d55e00")}
_REPEATS = {DUPLICATE: "重复", CONFLICT: "冲突"}


def picture(title: str, day: date, hours: Mapping[int, Counter[str]], repeats: Mapping[str, int]) -> str:
    """Events by hour of a day, accepted below and refused on top. `repeats` are said in words."""
    most = max((sum(counts[name] for name in _SHOWN) for counts in hours.values()), default=0)
    top = nice(most)
    total = Counter({name: sum(counts[name] for counts in hours.values()) for name in _SHOWN})
    said = [f"{label} {total[name]:,}" for name, (label, _) in _SHOWN.items()]
    said += [f"{_REPEATS[name]} {n:,}" for name, n in repeats.items() if n]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}"'
        f' role="img" font-family="{_FONTS}" font-size="13" fill="#222">',
        f"<title>{escape(title)} {day}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 26, f"{title}　{day}　各小时事件数", size=18),
        _text(_LEFT, 48, "　".join(said), color="#555"),
        *_grid(top),
        *(bar for hour in range(_HOURS) for bar in _bars(hour, hours.get(hour, Counter()), top)),
        *(_text(_middle(hour), HEIGHT - _BOTTOM + 18, f"{hour}", anchor="middle") for hour in range(_HOURS)),
        _text(WIDTH - _RIGHT, HEIGHT - 6, "时", anchor="end", color="#555"),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def nice(most: int) -> int:
    """The top of the scale: 1, 2 or 5 times a power of ten, not below `most`; 4 at least."""
    step = 1
    while step * 10 < most:
        step *= 10
    return max(next(factor * step for factor in (1, 2, 5, 10) if factor * step >= most), 4)


def _bars(hour: int, counts: Counter[str], top: int) -> list[str]:
    bars, floor = [], 0
    for name, (label, color) in _SHOWN.items():
        if not counts[name]:
            continue
        # One refused event among thousands must be seen.
        height = max(_scaled(counts[name], top), 2.0)
        y = HEIGHT - _BOTTOM - _scaled(floor, top) - height
        bars.append(
            f'<rect x="{_middle(hour) - 13:.1f}" y="{y:.1f}" width="26" height="{height:.1f}" fill="{color}">'
            f"<title>{hour} 时：{label} {counts[name]:,}</title></rect>"
        )
        floor += counts[name]
    return bars


def _grid(top: int) -> list[str]:
    lines = []
    for quarter in range(5):
        value = top * quarter / 4
        y = HEIGHT - _BOTTOM - _scaled(value, top)
        lines.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(_text(_LEFT - 8, y + 4, f"{value:,.0f}", anchor="end", color="#555"))
    return lines


def _legend() -> list[str]:
    parts = []
    for place, (label, color) in enumerate(reversed(_SHOWN.values())):
        x = WIDTH - _RIGHT - 60 * (place + 1)
        parts.append(f'<rect x="{x}" y="15" width="12" height="12" fill="{color}"/>')
        parts.append(_text(x + 18, 26, label))
    return parts


def _scaled(value: float, top: int) -> float:
    return (HEIGHT - _TOP - _BOTTOM) * value / top


def _middle(hour: int) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (hour + 0.5) / _HOURS


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", color: str = "#222", size: int = 13
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{color}" font-size="{size}">{escape(text)}</text>'
