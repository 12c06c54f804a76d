"""What is said of a comparison on the screen and in the report alike. Pure."""

from __future__ import annotations

INCOMPLETE = "当天数据尚未全部归档：不能作为对账结论，稍后重试"


def beside_revision(revision: int, published: int, compared: int) -> str:
    """That the lake holds something else now than what the day's revision was made from."""
    return (
        f"比较的是湖中现在的 {compared:,} 条入账事件，已发布的日终第 {revision} 版为 {published:,} 条："
        "发布之后有变化，重新核算这一天后再对账"
    )


def listed(shown: int, total: int) -> str:
    """How many events are listed, and of how many: 20/5,000; one number where it is all of them."""
    return f"{total:,}" if shown >= total else f"{shown:,}/{total:,}"


def not_listed(more: int, total: int) -> str:
    """What stands below a list that is not whole."""
    return f"另有 {more:,} 条未列出（共 {total:,} 条）"
