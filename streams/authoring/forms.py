"""Forms that a cell can have, as DuckDB SQL over its text: what a column is, is counted by these."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from streams.contract.types import NAMED_TYPES
from streams.importer.day_and_clock import DAY_ZERO, MIDNIGHT
from streams.importer.values import EPOCH_SECONDS, EPOCHS
from streams.zone import ZONE_NAME

Sql = str

_WIDE = "０１２３４５６７８９．－：／，（）"
_NARROW = "0123456789.-:/,()"
TRUTHS = ("是", "有", "true", "y", "yes", "1", "√", "否", "无", "false", "n", "no", "0", "×")
"""What the importer takes for true or false (streams.importer.values)."""

_MOMENT = (
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(?:(?:上午|下午)\s*)?(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2})(?:\.\d{1,9})?秒?|分)?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$"
)
_PACKED = r"^((?:19|20)\d{2})(\d{2})(\d{2})(?:\s*(\d{2})(\d{2})(\d{2}))?$"
_TIME_OF_DAY = r"(上午|下午)?\s*\d{1,2}[:时点]\d{1,2}([:分]\d{1,2}(\.\d{1,9})?秒?|分)?(\s*[AaPp][Mm])?"
_PARTS = "['y', 'm', 'd', 'h', 'i', 's']"
FOREIGN = (
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y",
    "%m/%d/%y %H:%M:%S", "%m/%d/%y %H:%M", "%m/%d/%y",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d/%m/%y %H:%M", "%d/%m/%y",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y",
    "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%d %b %Y", "%b %d %Y %H:%M:%S", "%b %d %Y",
)  # fmt: skip
"""Formats that the importer reads only if it is told; Python's and DuckDB's strptime agree on them."""


_DOTTED = {
    "plate": "regexp_replace(i, '[·•.]', '', 'g')",
    "person_name": "regexp_replace(i, '[•・‧∙.]', '·', 'g')",
    "address": "p",
}
"""Types that are written with dots, or with blanks, as streams.contract.types cleans them."""


def plain(value: Sql) -> Sql:
    """Half-width, without blanks around."""
    return f"trim(translate({value}, '{_WIDE}', '{_NARROW}'))"


def identifier(value: Sql) -> Sql:
    """As the named types clean it: upper case, without blanks, hyphens and +86."""
    return _identifier(plain(value))


def _identifier(text: Sql) -> Sql:
    return f"regexp_replace(upper(regexp_replace({text}, '[\\s-]', '', 'g')), '^\\+86', '')"


def amount(value: Sql) -> Sql:
    """A number without currency sign and thousands separators; as it is where a comma parts anything else."""
    return _amount(plain(value))


def _amount(text: Sql) -> Sql:
    trimmed = f"trim({text}, '¥￥元 ')"
    grouped = f"regexp_full_match({trimmed}, '[+-]?\\d{{1,3}}(,\\d{{3}})+(\\.\\d*)?')"
    return (
        f"case when contains({text}, ',') and not {grouped} then {text} else replace({trimmed}, ',', '') end"
    )


def moment(value: Sql) -> Sql:
    """The platform's wall clock (timestamp) as the importer reads it untold; null if it is none."""
    return _moment(plain(value))


def _moment(text: Sql) -> Sql:
    # What most files have is cast at once; patterns are a tenth as fast.
    usual = f"{text} like '____-__-__ __:__:__' and ({text} like '19%' or {text} like '20%')"
    zoned = f"try(try_cast(replace({text}, 'z', 'Z') as timestamptz) at time zone '{ZONE_NAME}')"
    return (
        f"case when {usual} then try_cast({text} as timestamp)"
        f" when not regexp_matches({text}, '^(19|20)\\d\\d') then null"
        f" when regexp_matches({text}, '{_MOMENT}') then"
        f" case when regexp_matches({text}, '([+-]\\d\\d:?\\d\\d|[Zz])$') then {zoned}"
        f" else {_made(text, _MOMENT)} end"
        f" when regexp_matches({text}, '{_PACKED}') then {_made(text, _PACKED)} end"
    )


def foreign_moment(value: Sql, form: str) -> Sql:
    """The same by a format that the importer is told."""
    if form in EPOCHS:
        return _since_1970(plain(value), form)
    return f"try_strptime({plain(value)}, '{form}')"


def _since_1970(text: Sql, form: str) -> Sql:
    microseconds = f"try_cast({text} as bigint) * {1_000_000 // EPOCHS[form]}"
    moment = f"try((make_timestamp({microseconds}) at time zone 'UTC') at time zone '{ZONE_NAME}')"
    return f"case when {_is_since_1970(text, form)} then {moment} end"


def _is_since_1970(text: Sql, form: str) -> Sql:
    low, high = (bound * EPOCHS[form] for bound in (EPOCH_SECONDS.start, EPOCH_SECONDS.stop))
    in_range = f"try_cast({text} as bigint) >= {low} and try_cast({text} as bigint) < {high}"
    return f"(regexp_full_match({text}, '\\d+') and {in_range})"


def cells(column: str, table: str) -> Sql:
    """The filled cells of a column, as forms name them.

    line, v: as it is, p: plain, i: as an identifier, a: as an amount, m: as a moment.
    """
    return (
        f"(select line, v, p, {_identifier('p')} i, {_amount('p')} a, {_moment('p')} m from"  # noqa: S608 (of columns c<n>)
        f" (select line, {column} v, {plain(column)} p from {table} where {column} is not null))"
    )


def joined(day: Sql, clock: Sql) -> Sql:
    """A day and a time of day of two columns, as the importer joins them; null where one lacks."""
    return (
        f"(regexp_replace({plain(day)}, '{MIDNIGHT}', '') || ' '"
        f" || regexp_replace({plain(clock)}, '{DAY_ZERO}', ''))"
    )


@cache
def forms() -> Mapping[str, Sql]:
    """Conditions over the columns of `cells`, by name. `<type>` asks for a named type's format, `<type>!` for
    its check digits too."""
    found = {
        "whole": "regexp_full_match(a, '-?\\d{1,15}(\\.0+)?')",
        "number": "regexp_full_match(a, '-?\\d{1,15}(\\.\\d{1,4})?')",
        "cents": "regexp_full_match(a, '\\d{1,12}(\\.\\d{1,2}0*)?')",
        "leading_zero": "regexp_full_match(p, '0\\d+')",
        "truth": f"lower(p) in ({_listed(TRUTHS)})",
        "digit_truth": "p in ('0', '1')",
        "day": "m is not null",
        "clock": "m is not null and regexp_matches(p, '[:时点]|^\\d{14}$|[ T]\\d')",
        "time_of_day": f"regexp_full_match(regexp_replace(p, '{DAY_ZERO}', ''), '{_TIME_OF_DAY}')",
        "telephone": "regexp_full_match(i, '[+()\\d]{7,20}')",
        "nested": "v[1] in ('{', '[')",
        "cut": "regexp_full_match(p, '\\d(\\.\\d{1,9})?[eE]\\+?(0?[89]|1\\d)')",
        "masked": "regexp_full_match(i, '\\d{1,10}[*＊X×]{3,}[\\dX]*')",
        "surname": f"regexp_full_match(v, '[{SURNAMES}][\\x{{4e00}}-\\x{{9fff}}*＊某×]{{1,3}}')",
    }
    for name, named in NAMED_TYPES.items():
        if named.checksum is not None or named.personal:
            found[name] = f"({named.format_sql(_DOTTED.get(name, 'i'))})"
        if named.checksum is not None:
            found[checked(name)] = f"({named.format_sql('i')} and {named.checksum_sql('i')})"
        if named.labels:
            found[name] = f"p in ({_listed(spellings(name))})"
    # %Y reads the 20 of 1/2/20 as the year 20.
    found |= {form: _is_since_1970("p", form) for form in EPOCHS}
    found |= {form: f"year(try_strptime(p, '{form}')) between 1900 and 2199" for form in FOREIGN}
    return found


def checked(type_name: str) -> str:
    """The form of a type's values whose check digits are right."""
    return f"{type_name}!"


@cache
def spellings(type_name: str) -> tuple[str, ...]:
    """Codes and names that the importer turns into codes."""
    labels = NAMED_TYPES[type_name].labels.items()
    return tuple(text for code, label in labels for text in (code, label, label.rstrip("区县市")))


def _made(text: Sql, pattern: str) -> Sql:
    part = f"regexp_extract({text}, '{pattern}', {_PARTS})"
    y, m, d, hour, minute = (f"coalesce(try_cast({part}.{name} as bigint), 0)" for name in "ymdhi")
    of_24 = (
        f"case when contains({text}, '下午') and {hour} < 12 then {hour} + 12"
        f" when contains({text}, '上午') and {hour} = 12 then 0"
        f" when contains({text}, '上午') and {hour} > 12 then 24 else {hour} end"
    )
    numbers = f"{y}, {m}, {d}, {of_24}, {minute}"
    return f"try(make_timestamp({numbers}, coalesce(try_cast({part}.s as double), 0)))"


def _listed(values: tuple[str, ...]) -> Sql:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in dict.fromkeys(values))


SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤项瞿施温娄柳木虞缪章倪季朴"
    "褚卫戚窦俞鲍岑滕殷邬傅卞詹聂焦柯阮翁尤鲁"
)
