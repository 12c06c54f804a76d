"""A second sound contract, with the parts that few sources need, and mistakes in those."""

# ruff: noqa: E501 (a mistake is one line)

from __future__ import annotations

from tests.streams.contract.seeded import Mistake

SOUND_CASES = r"""source: repair_case
title: 维修个案
about: 报修个案每走一步产生一条事件
owner: 住建
topic: {partitions: 2, retention: 7d, key: street_id}
fields:
  division:  {title: 行政区划, type: division}
  township:  {title: 乡镇街道, type: township}
  street_id: {title: 路段编号, type: text, pattern: 'LD\d{5}'}
  case_no:   {title: 个案编号, type: text, max_length: 20}
  step:      {title: 环节, type: enum, values: {asked: 报修, sent: 派单, done: 完工, refused: 退回}}
  asker:     {title: 报修人手机号, type: mobile, pii: tokenise}
  cost_fen:  {title: 费用, type: fen, optional: true}
  home:
    title: 住所
    type: object
    optional: true
    fields:
      floor: {title: 楼层, type: int, range: [-3, 60]}
      owner: {title: 房主身份证号, type: cn_id, pii: tokenise, optional: true}
  parts:
    title: 配件
    type: list
    max_items: 20
    fields:
      code:  {title: 编码, type: text, pattern: 'PJ\d{3}'}
      count: {title: 数量, type: count, range: [1, 99]}
checks:
  paid_if_parts: {title: 用配件应有费用, that: parts__count = 0 or cost_fen is not null}
unique:
  one_step:  {title: 同一个案同一环节只走一次, fields: [case_no, step], per: ever}
  two_a_day: {title: 同一人一天至多报修两次, fields: [asker], times: 2, where: step = 'asked'}
life_cycle:
  case: case_no
  step: step
  start: [asked]
  then: {asked: [sent, refused], sent: [done]}
  within: {asked: 2d, sent: 5d}
metrics:
  steps:
    title: 环节
    by: [division, step]
    measures:
      steps: {title: 环节数, of: count}
      cost_fen: {title: 费用, of: sum cost_fen, unit: fen}
      floors: {title: 最高楼层, of: max home__floor}
      parts: {title: 配件数, of: sum parts__count}
    ratios:
      mean_cost: {title: 均次费用, of: cost_fen, to: steps, unit: fen}
      a_seat: {title: 每座费用, of: mean_cost, to: canteens.seats, unit: fen}
expect:
  open: {mon-sun: '00:00-24:00'}
  per_day: 50
  by_hour: {9: 100}
  silent_after: 1d
simulate:
  parts: {between: [0, 2]}
examples:
  good:
    - {division: '330302', township: '330302006', street_id: LD00001, case_no: A1, step: asked, asker: tk_00000000000000000000000000000001, cost_fen: 100, home: {floor: 2}, parts: [{code: PJ001, count: 2}]}
  bad:
    - {because: missing, field: home__floor, change: {home: {owner: null}}}
    - {because: out_of_range, field: 'parts[1]__count', change: {parts: [{code: PJ001, count: 0}]}}
    - {because: 'unique:one_step', change: {asker: tk_00000000000000000000000000000002}}
    - {because: 'unique:two_a_day', before: [{case_no: A1}, {case_no: A2}], change: {case_no: A3}}
"""

FLOOR = "floor: {title: 楼层, type: int, range: [-3, 60]}"
CODE = r"code:  {title: 编码, type: text, pattern: 'PJ\d{3}'}"
THEN = "then: {asked: [sent, refused], sent: [done]}"
SEAT = "of: mean_cost, to: canteens.seats"

CASE_MISTAKES = (
    # objects and lists
    Mistake("object without fields", f"    fields:\n      {FLOOR}\n      owner: {{title: 房主身份证号, type: cn_id, pii: tokenise, optional: true}}\n", "", 14, "0 fields within", "what it is made of"),
    Mistake("nothing required within", "range: [-3, 60]}", "range: [-3, 60], optional: true}", 18, "every field within is optional", "without which it says nothing"),
    Mistake("nesting of two levels", FLOOR, "floor: {title: 楼层, type: object, fields: {n: {title: 号, type: int}}}", 19, "type object within type object", "one level"),
    Mistake("list of texts", f"    fields:\n      {CODE}\n      count: {{title: 数量, type: count, range: [1, 99]}}\n", "    values: {a: 甲}\n", 25, "type list has no values", "parts.fields"),
    Mistake("unknown type within", "title: 楼层, type: int", "title: 楼层, type: intt", 19, "unknown type 'intt'", "'int'?"),
    Mistake("personal within, not tokenised", "type: cn_id, pii: tokenise", "type: cn_id", 20, "needs pii", "add pii: tokenise"),
    Mistake("same title twice within", "title: 数量", "title: 编码", 27, "that of 'code'", "a title of its own"),
    Mistake("bad pattern within", r"'PJ\d{3}'", r"'(PJ)+\1'", 26, "back-reference", "check over two fields"),
    Mistake("many items", "max_items: 20", "max_items: 2000", 24, "'2000'", "less than or equal to 100"),
    Mistake("fields of a scalar", "  cost_fen:  {title: 费用, type: fen", "  cost_fen:  {title: 费用, type: fen, max_items: 3", 13, "type fen has no max_items", "type: list"),
    Mistake("typo in a key within", "range: [-3, 60]", "rnage: [-3, 60]", 19, "unknown key 'rnage'", "'range'?"),
    Mistake("two underscores", "  case_no:   {", "  case__no:   {", 10, "is not a name", "lower case"),
    Mistake("name that PostgreSQL has", "  cost_fen:  {", "  xmin:  {", 13, "platform's own", "by its subject"),
    Mistake("measure that PostgreSQL has", "      floors: {", "      ctid: {", 46, "'ctid' is a name of the platform's own", "what it measures"),
    Mistake("object named as columns are", "  home:\n", "  check:\n", 14, "platform's own", "of what it is"),
    Mistake("flat name of a list's field", "parts__count = 0", "parts__code = 'PJ001'", 29, "'parts__code' is unknown", "parts__count"),
    Mistake("personal field within in a check", "cost_fen is not null", "home__owner = 'x'", 29, "'home__owner' is personal", "not personal"),
    Mistake("measure of a list", "of: sum parts__count", "of: sum parts", 47, "no field 'parts'", "parts__count"),
    Mistake("list as a key", "key: street_id", "key: parts", 5, "no field 'parts'", "street_id"),
    Mistake("simulated list by weights", "parts: {between: [0, 2]}", "parts: {weights: {a: 1}}", 57, "a list with weights", "how many items"),
    Mistake("slow pattern", r"type: text, max_length: 20", r"type: text, max_length: 2000, pattern: '[a-z]*[a-z0-9]*[a-z]*'", 10, "steps to find", "shorten max_length"),
    # uniqueness
    Mistake("unique over no field", "fields: [case_no, step]", "fields: [case_nr, step]", 31, "no field 'case_nr'", "'case_no'?"),
    Mistake("unique over a list's field", "fields: [asker]", "fields: [parts__code]", 32, "is in a list", "of its own for each item"),
    Mistake("unique over nothing", "fields: [asker]", "fields: []", 32, "a list", "at least 1 item"),
    Mistake("unique over a field twice", "fields: [case_no, step]", "fields: [step, step]", 31, "'step' twice", "each field once"),
    Mistake("unknown period", "per: ever", "per: week", 31, "'week'", "'ever'"),
    Mistake("never allowed", "times: 2", "times: 0", 32, "'0'", "greater than or equal to 1"),
    Mistake("where over a person", "where: step = 'asked'", "where: asker = 'x'", 32, "'asker' is personal", "not personal"),
    Mistake("where with a subquery", "where: step = 'asked'", "where: step in (select 1)", 32, "query", "in (...)"),
    Mistake("rule said twice", "fields: [asker], times: 2, where: step = 'asked'", "fields: [step, case_no], per: ever", 32, "says what 'one_step' says", "Drop one"),
    Mistake("title of another rule", "title: 同一人一天至多报修两次", "title: 用配件应有费用", 32, "the title of 'paid_if_parts'", "operators read"),
    # life cycle
    Mistake("case that is no field", "case: case_no", "case: case_nr", 34, "no field 'case_nr'", "'case_no'?"),
    Mistake("case that is absent", "case: case_no", "case: cost_fen", 34, "'cost_fen' names no case", "case_no"),
    Mistake("step that is no enum", "  step: step", "  step: case_no", 35, "'case_no' is no step", "an enum that every event has: one of step"),
    Mistake("start at no step", "start: [asked]", "start: [aksed]", 36, "'aksed' is no value of 'step'", "'asked'?"),
    Mistake("after no step", THEN, "then: {asked: [sent, refused], sent: [don]}", 37, "'don' is no value", "'done'?"),
    Mistake("step that is never reached", THEN, "then: {asked: [sent], sent: [done]}", 37, "no case ever comes to 'refused'", "Add it to start"),
    Mistake("case without end", THEN, "then: {asked: [sent, refused], sent: [done], done: [asked], refused: [asked]}", 37, "a case never ends", "Leave it out"),
    Mistake("deadline of no step", "within: {asked: 2d", "within: {aksed: 2d", 38, "'aksed' is no value", "'asked'?"),
    Mistake("deadline of an end", "within: {asked: 2d", "within: {done: 2d", 38, "'done' ends a case", "never overdue"),
    Mistake("deadline in words", "sent: 5d", "sent: 五天", 38, "'五天'", "10m, 7d"),
    # ratios
    Mistake("ratio of no measure", "of: cost_fen, to: steps", "of: cost, to: steps", 49, "no measure or ratio 'cost'", "'cost_fen'?"),
    Mistake("ratio to no table", SEAT, "of: mean_cost, to: canteen.seats", 50, "no reference table 'canteen'", "'canteens'?"),
    Mistake("ratio to no column", SEAT, "of: mean_cost, to: canteens.seat", 50, "no column of numbers", "'seats'?"),
    Mistake("ratio to names", SEAT, "of: mean_cost, to: canteens.name", 50, "'name' is no column of numbers", "seats"),
    Mistake("ratio to what is elsewhere", "by: [division, step]", "by: [step]", 50, "none of this metric's dimensions", "Group the metric by one of"),
    Mistake("ratios in a circle", "of: cost_fen, to: steps", "of: a_seat, to: steps", 49, "needs itself", "stand by themselves"),
    Mistake("ratio of one", "of: cost_fen, to: steps", "of: steps, to: steps", 49, "divided by itself", "two different figures"),
    Mistake("ratio named as a measure", "      mean_cost: {", "      parts: {", 49, "is a measure, a dimension", "another name"),
    Mistake("ratio named as a column beside it", "      mean_cost: {", "      label: {", 49, "a column of the platform's", "another name"),
    Mistake("unknown unit of a ratio", "to: steps, unit: fen", "to: steps, unit: 元", 49, "'元'", "'percent'"),
    # examples
    Mistake("example with a typo within", "home: {floor: 2}", "home: {flor: 2}", 60, "no field 'flor'", "'floor'?"),
    Mistake("example lacks a field within", "{code: PJ001, count: 2}", "{code: PJ001}", 60, "has no 'count'", "every required field"),
    Mistake("example of no rule", "because: 'unique:one_step'", "because: 'unique:once'", 64, "'unique:once'", "'unique:one_step'?"),
    Mistake("before what is no repetition", "because: 'unique:two_a_day'", "because: missing", 65, "breaks no rule of uniqueness", "unique:<name>"),
    Mistake("before is no list", "before: [{case_no: A1}, {case_no: A2}]", "before: {case_no: A1}", 65, "not a list of changes", "[{field: value}, {}]"),
    Mistake("fault at no place", "field: 'parts[1]__count'", "field: 'parts[1]__cuont'", 63, "no field 'parts[1]__cuont'", "parts__count"),
)  # fmt: skip
