"""What operators read about a rule, in Chinese: the one catalogue of this package."""

from __future__ import annotations

REQUIRED = "{title}必须填写"
PSEUDONYM = "{title}必须是脱敏代号"
PATTERN = "{title}格式正确"
KNOWN = "{title}在允许的取值之内"
RANGE = "{title}在 {low} 与 {high} 之间"
LENGTH = "{title}不超过 {length} 个字"
SOUND = "{title}真实存在（日期或校验位）"
CHECK = "{title}"
ON_THE_DAY = "事件时间属于当日"
ONCE = "同一事件只计一次"
COUNTED = "事件数等于公布的接收数 {count}"
TOTAL = "{title}：事件逐条相加等于公布的合计"
ONE_ROW = "{title}：每组只有一行"
ADDS_TO_ACCEPTED = "{title}：合计等于公布的接收数 {count}"
NOT_NEGATIVE = "{title}不为负"
BOUND = "{title}与笔数相符（单笔 {low} 至 {high}）"
DISTINCT_BOUND = "{title}不超过笔数"
IN_REFERENCE = "{title}（对照表中有登记）"
MINUTE_NOT_AHEAD = "没有来自未来的分钟"

PASSED, FAILED, WARNED = "通过", "未通过", "提醒"
EXAMPLES = "例如 {examples}"
MISSING = "缺少 {values}"
UNEXPECTED = "{count} 处不符"
OBSERVED = "实际为 {value}"
EMPTY = "（空）"
GATE_REFUSED = "{title} {day}：{blocking} 条必须满足的规则未通过，保留上一版本"
SILENT = (
    "{title}：自 {since} 起没有收到任何新事件，已超过约定的 {minutes} 分钟{refused}。"
    "请联系{owner}核实发送程序与网络；若其他来源也没有事件，请先看 minsheng status"
)
ALL_QUARANTINED = (
    "{title}：自 {since} 起没有一条事件计入，已超过约定的 {minutes} 分钟："
    "收到的 {events} 条全部在隔离区{refused}。"
    "多半是发送程序或契约刚改过，请看 minsheng quarantine list --source {source}，并与{owner}核对"
)
REFUSED_TODAY = "；今天另有 {refused} 条被网关或导入拒收"
LIVE_FAILED = "{title}：{at} 的实时校验未通过（{rules}）。请看「校验结果」中的说明，并与{owner}核对"
DAY_FAILED = (
    "{title}：{days} 的日终校验未通过（{rules}），看板保留上一版。请看「校验结果」中的说明，与{owner}核对；"
    "数据补齐后会自动重新发布"
)
LEDGER_OPEN = (
    "{title} {day}：对账差额 {live}（归档 {archive}，上游 {upstream}）。有事件丢失或重复，请立即找管理员；"
    "经过与处理见 minsheng ledger --day {day}"
)
DAY_UNEXPLAINED = (
    "{title} {day}：日终与实时相差 {events} 条没有找到原因。请联系管理员；逐行见 minsheng day {source} {day}"
)
STREAM_STALLED = (
    "{stalled}。看板上的实时数停在那时；事件不会丢，恢复后接着计入。"
    "请看 minsheng status 与 minsheng logs stream"
)
STALLED = {
    "live": "实时计算自 {since} 起没有进展，已知 {behind} 条未处理",
    "archive": "归档自 {since} 起没有进展，已知 {behind} 条未归档",
}
CASES_OVERDUE = (
    "{title}：{cases} 件办件超期，最久的超期 {hours} 小时。见该来源看板「超期办件」，并与{owner}核实"
)
CASES_ILLEGAL = "{title}：近 24 小时收到 {steps} 个不合流程的环节。见该来源看板同名表格，并与{owner}核实"
AND_MORE = "{shown}等 {all} 项"

CAUSES = {
    "late": "迟到：发布之后才到",
    "unread": "实时尚未处理",
    "duplicate": "重复：编号在别的日子已用过",
    "conflict": "冲突：以先收到的内容为准",
    "forgotten": "重复：超过编号保留天数，实时再次计入",
    "replayed": "隔离区重放",
    "contract": "按现行契约重新判定",
    "unique": "唯一性重新判定",
    "unexplained": "没有找到原因",
}
"""Why a published day is not what live has counted (`spark_jobs.rollup.differences.Cause`)."""


def text(template: str, **values: object) -> str:
    """A template with its values filled in."""
    return template.format(**values)
