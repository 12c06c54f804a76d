"""A sound contract, line by line, and mistakes that people make in one."""

from __future__ import annotations

from typing import NamedTuple

SOUND = r"""source: kiosk_sale
title: 报亭销售
about: 报亭每售出一件产生一条事件
owner: 文化
topic: {partitions: 2, retention: 7d, key: kiosk}
accept: {past: 30d, future: 1h}
fields:
  division: {title: 行政区划, type: division}
  kiosk:    {title: 报亭编号, type: text, pattern: 'BT\d{4}'}
  kind:     {title: 品类, type: enum, values: {paper: 报纸, book: 图书}}
  buyer:    {title: 购买人身份证号, type: cn_id, pii: tokenise}
  price_fen: {title: 价格, type: fen, range: [1, 50000]}
  weight:   {title: 重量, type: decimal, range: [0.1, 5.5], optional: true}
  printed:  {title: 印刷日期, type: date}
  note:     {title: 备注, type: text, max_length: 100, optional: true}
checks:
  cheap: {title: 报纸应便宜, that: kind <> 'paper' or price_fen <= 2000}
metrics:
  sales:
    title: 销售
    by: [division, kind]
    measures:
      sales:  {title: 件数, of: count}
      buyers: {title: 人数, of: distinct buyer}
      fen:    {title: 金额, of: sum price_fen, unit: fen}
expect:
  open: {mon-fri: '06:00-18:30'}
  per_day: 500
  by_hour: {6: 40, 7: 60}
  silent_after: 10m
day_rules:
  people: {title: 人数不超过件数, metric: sales, by: [division], that: buyers <= sales}
simulate:
  kiosk: {distinct: 40}
  price_fen: {between: [100, 3000], step: 50}
examples:
  good:
    - {division: '330302', kiosk: BT0001, kind: paper, buyer: tk_00000000000000000000000000000001, price_fen: 200, printed: '2022-01-01'}
  bad:
    - {because: missing, field: kind, without: [kind]}
    - {because: out_of_range, field: price_fen, change: {price_fen: 0}}
"""  # noqa: E501 (an example is one line)


class Mistake(NamedTuple):
    """In SOUND, `old` becomes `new`; the reader must point at `line`, say `what`, and offer `help`."""

    name: str
    old: str
    new: str
    line: int
    what: str
    help: str


MISTAKES = (
    # the file itself
    Mistake("tab", "owner: 文化", "owner:\t文化", 4, "a tab character", "Replace the tab by spaces"),
    Mistake("duplicate key", "owner: 文化", "title: 又一个", 4, "duplicate key 'title'", "line 2 already"),
    Mistake("duplicate field", "  note:  ", "  kind:  ", 15, "duplicate key 'kind'", "line 10 already"),
    Mistake("anchor", "owner: 文化", "owner: &a 文化", 4, "anchor &a", "Remove the anchor"),
    Mistake("alias", "owner: 文化", "owner: *a", 4, "alias *a", "Repeat the value"),
    Mistake("merge key", "owner: 文化", "owner: 文化\n<<: {title: x}", 5, "merge key <<", "Repeat the keys"),
    Mistake("tag", "per_day: 500", "per_day: !!int 500", 28, "tag tag:yaml.org,2002:int", "Remove the tag"),
    Mistake("two documents", "fields:\n", "---\nfields:\n", 7, "a second document", "one contract a file"),
    Mistake(
        "missing bracket", "retention: 7d, key: kiosk}", "retention: 7d, key: kiosk", 6, "not YAML", "bracket"
    ),
    Mistake("bad indentation", "  per_day: 500", " per_day: 500", 28, "not YAML", "indentation"),
    Mistake("unquoted colon", "about: 报亭每", "about: 报亭: 每", 3, "not YAML", "quote texts"),
    Mistake("no value", "owner: 文化", "owner:", 4, "owner has no value", "drop the key"),
    Mistake("list as contract", SOUND, "- a\n- b\n", 1, "no mapping of keys", "source:, title:"),
    Mistake("empty file", SOUND, "", 1, "no mapping of keys", "source:, title:"),
    # keys and scalars
    Mistake(
        "typo in a key",
        "title: 报亭销售",
        "titel: 报亭销售",
        2,
        "unknown key 'titel'",
        "Did you mean 'title'?",
    ),
    Mistake("typo in a field's key", "type: enum, values", "type: enum, valeus", 10, "'valeus'", "'values'?"),
    Mistake("missing key", "owner: 文化\n", "", 1, "has no 'owner'", "the key 'owner'"),
    Mistake("missing section", "  silent_after: 10m\n", "", 26, "expect has no 'silent_after'", "Add it"),
    Mistake("name in capitals", "source: kiosk_sale", "source: KioskSale", 1, "is not a name", "lower case"),
    Mistake("name with a dot", "source: kiosk_sale", "source: kiosk.sale", 1, "is not a name", "lower case"),
    Mistake("name of a letter", "source: kiosk_sale", "source: k", 1, "'k'", "at least 2 characters"),
    Mistake("name too long", "source: kiosk_sale", f"source: {'a' * 31}", 1, "'aaa", "at most 30 characters"),
    Mistake("name of PostgreSQL's", "  note:     {", "  tableoid: {", 15, "platform's own", "by its subject"),
    Mistake("name with a quote", "  kiosk:    {", '  ki"osk:    {', 9, "is not a name", "lower case"),
    Mistake(
        "yes for true",
        "optional: true}\n  printed",
        "optional: yes}\n  printed",
        13,
        "'yes'",
        "true or false",
    ),
    Mistake("time as a duration", "retention: 7d", "retention: 7:30", 5, "'7:30'", "10m, 7d"),
    Mistake(
        "bare number as a duration", "silent_after: 10m", "silent_after: 600", 30, "'600'", "s, m, h or d"
    ),
    Mistake("thousands separator", "per_day: 500", "per_day: 18,000", 28, "'18,000'", "a whole number"),
    Mistake("leading zero", "partitions: 2", "partitions: 02", 5, "'02'", "a whole number"),
    Mistake("no partition", "partitions: 2", "partitions: 0", 5, "'0'", "greater than or equal to 1"),
    Mistake("hours past midnight", "'06:00-18:30'", "'20:00-02:00'", 27, "'20:00-02:00'", "split them"),
    Mistake("hours unquoted minutes", "'06:00-18:30'", "6-18", 27, "'6-18'", "HH:MM-HH:MM"),
    Mistake("unknown weekday", "mon-fri", "mon-freitag", 27, "'mon-freitag'", "mon, tue, wed"),
    Mistake("weekdays backwards", "mon-fri", "fri-mon", 27, "'fri-mon'", "mon-fri"),
    Mistake("hour 24", "{6: 40, 7: 60}", "{6: 40, 24: 60}", 29, "24", "less than or equal to 23"),
    Mistake("range of three", "range: [1, 50000]", "range: [1, 2, 3]", 12, "a list", "at most 2 items"),
    # fields
    Mistake("unknown type", "type: decimal", "type: decimel", 13, "unknown type 'decimel'", "'decimal'?"),
    Mistake("range upside down", "[1, 50000]", "[50000, 1]", 12, "holds no value", "Write [1, 50000]"),
    Mistake("range beyond the type", "[1, 50000]", "[-1, 50000]", 12, "[-1, 50000]", "within 0 and"),
    Mistake("half a fen", "[1, 50000]", "[0.5, 50000]", 12, "[0.5, 50000]", "a smaller unit"),
    Mistake(
        "range of a text", "max_length: 100", "range: [1, 2]", 15, "type text has no range", "max_length"
    ),
    Mistake("enum without values", ", values: {paper: 报纸, book: 图书}", "", 10, "needs values", "'values'"),
    Mistake("same label twice", "book: 图书", "book: 报纸", 10, "the label of 'paper'", "tell them apart"),
    Mistake("same title twice", "title: 重量", "title: 价格", 13, "that of 'price_fen'", "by their titles"),
    Mistake("personal, not tokenised", ", pii: tokenise", "", 11, "needs pii", "add pii: tokenise"),
    Mistake(
        "tokenised enum",
        "{paper: 报纸, book: 图书}}",
        "{paper: 报纸}, pii: tokenise}",
        10,
        "has no pii",
        "persons",
    ),
    Mistake("unknown pii", "pii: tokenise", "pii: hash", 11, "'hash'", "'tokenise'"),
    Mistake("look-ahead", r"'BT\d{4}'", r"'(?=BT)\w{6}'", 9, "look-around", "whole value"),
    Mistake("look-behind", r"'BT\d{4}'", r"'\w{6}(?<!0)'", 9, "look-around", "whole value"),
    Mistake("back-reference", r"'BT\d{4}'", r"'(BT)\1'", 9, "back-reference", "check over two fields"),
    Mistake("anchors", r"'BT\d{4}'", r"'^BT\d{4}$'", 9, "an anchor", "drop the anchor"),
    Mistake("catastrophic pattern", r"'BT\d{4}'", r"'(\d+)+'", 9, "repeat inside a repeat", "exponential"),
    Mistake("unclosed pattern", r"'BT\d{4}'", r"'BT[0-9'", 9, "is not a pattern", "Correct the pattern"),
    Mistake("endless pattern", r"'BT\d{4}'", f"'{'a' * 300}'", 9, "300 characters", "At most 200"),
    Mistake("name of the platform", "  note:     {", "  minute:   {", 15, "platform's own", "by its subject"),
    Mistake("key that is no field", "key: kiosk", "key: kiosc", 5, "no field 'kiosc'", "'kiosk'?"),
    Mistake("personal key", "key: kiosk", "key: buyer", 5, "'buyer' may be absent, is personal", "kiosk"),
    # checks
    Mistake("check names no field", "<= 2000}", "<= pric_fen}", 17, "'pric_fen' is unknown", "'price_fen'?"),
    Mistake("check with a subquery", "kind <> 'paper' or", "kind in (select 1) or", 17, "query", "in (...)"),
    Mistake(
        "check with a function", "price_fen <= 2000", "getenv('HOME') = kind", 17, "'getenv'", "abs, coalesce"
    ),
    Mistake("check with two statements", "<= 2000}", "<= 2000; drop table x}", 17, "drop table", "semicolon"),
    Mistake(
        "check over a person", "price_fen <= 2000", "buyer <> kind", 17, "arrives as a token", "distinct"
    ),
    Mistake(
        "check of no condition",
        "kind <> 'paper' or price_fen <= 2000",
        "price_fen + 1",
        17,
        "number",
        "true or false",
    ),
    Mistake(
        "check of two kinds", "price_fen <= 2000", "price_fen <= '2000'", 17, "'2000'", "do not quote numbers"
    ),
    Mistake(
        "check with a bad date",
        "price_fen <= 2000",
        "printed > '2022-02-30'",
        17,
        "2022-02-30",
        "such as '2022-01-01'",
    ),
    # metrics
    Mistake(
        "dimension that is no field",
        "by: [division, kind]",
        "by: [division, kin]",
        21,
        "no field 'kin'",
        "'kind'?",
    ),
    Mistake("personal dimension", "by: [division, kind]", "by: [buyer]", 21, "is personal", "distinct buyer"),
    Mistake(
        "number as a dimension", "by: [division, kind]", "by: [price_fen]", 21, "cannot group", "division"
    ),
    Mistake(
        "long text as a dimension", "by: [division, kind]", "by: [note]", 21, "cannot group", "at most 64"
    ),
    Mistake("sum of a decimal", "of: sum price_fen", "of: sum weight", 25, "sum of 'weight'", "smaller unit"),
    Mistake(
        "unknown aggregate", "of: sum price_fen", "of: median price_fen", 25, "'median price_fen'", "of: sum"
    ),
    Mistake("sum of nothing", "of: sum price_fen", "of: sum", 25, "'sum'", "and a field"),
    Mistake("sum of no field", "of: sum price_fen", "of: sum price", 25, "no field 'price'", "'price_fen'?"),
    Mistake(
        "measure named as dimension",
        "      fen:  ",
        "      kind:  ",
        25,
        "a dimension already",
        "another name",
    ),
    # expectations, day rules, simulation, examples
    Mistake("shares beyond 100", "{6: 40, 7: 60}", "{6: 40, 7: 70}", 29, "add up to 110", "100 percent"),
    Mistake("events when closed", "{6: 40, 7: 60}", "{6: 40, 19: 60}", 29, "closed", "within expect.open"),
    Mistake("rule of nothing", ", that: buyers <= sales", "", 32, "says nothing", "that, every, adds_up"),
    Mistake("rule names no metric", "metric: sales,", "metric: sale,", 32, "no metric 'sale'", "'sales'?"),
    Mistake(
        "rule names no measure", "buyers <= sales", "buyer <= sales", 32, "'buyer' is unknown", "'buyers'?"
    ),
    Mistake(
        "rule over no dimension",
        "by: [division], that",
        "by: [kiosk], that",
        32,
        "no 'kiosk'",
        "division, kind",
    ),
    Mistake(
        "hint for no field", "  kiosk: {distinct", "  kiosc: {distinct", 34, "no field 'kiosc'", "'kiosk'?"
    ),
    Mistake("hint beyond the range", "[100, 3000]", "[100, 60000]", 35, "[100, 60000]", "[1, 50000]"),
    Mistake(
        "example lacks a field", "price_fen: 200, ", "", 38, "has no 'price_fen'", "every required field"
    ),
    Mistake(
        "example with a typo", "kind: paper, buyer", "knid: paper, buyer", 38, "no field 'knid'", "'kind'?"
    ),
    Mistake("unknown reason", "because: missing", "because: mising", 40, "'mising'", "'missing'?"),
    Mistake("fault in no way", ", without: [kind]", "", 40, "without a fault", "change, without or time"),
    Mistake("typo in a bad example", "without: [kind]", "whitout: [kind]", 40, "'whitout'", "'without'?"),
)
