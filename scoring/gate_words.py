"""Sentences of the gate: how a condition stands, and what else speaks against a plain yes.

Conditions and stop rules bring their own sentences from the policy; here stand those that all programmes share.
"""

from enum import Enum

from scoring.admission import ConditionState, GateReason
from scoring.condition_policy import Condition
from scoring.evidence import Measured
from scoring.wording import Value, money

__all__ = ["GateState", "figure", "gate_reason", "standing"]

Both = tuple[str, str]


class GateState(Enum):
    """What is said of an answer besides a programme's own conditions: code, English, Chinese."""

    EXCLUDED = (
        "P901",
        "The programme cannot hold for goods of the category {category}.",
        "该保障计划不适用于类目“{category}”的商品。",
    )
    BAND = (
        "P902",
        "The programme asks for credit band {need} or better; the merchant stands in band {have}.",
        "该保障计划要求信用等级不低于 {need} 级；商家当前为 {have} 级。",
    )
    FLAGGED = (
        "P903",
        "The merchant is under suspicion of fakes (level {have}); the programme allows at most {need}.",
        "商家存在售假嫌疑（级别：{have}）；该保障计划最多允许 {need}。",
    )
    NO_MODEL = (
        "P904",
        "No model could judge this merchant yet; a person decides.",
        "尚无模型可对该商家作出评估，由人工审核决定。",
    )
    STALE = (
        "P905",
        "What is known about this merchant is out of date; a person decides.",
        "该商家的评估已过时，由人工审核决定。",
    )
    NOTHING_KNOWN = (
        "P906",
        "Nothing good is known yet about what this programme rests on; a person decides.",
        "对该保障计划所依据的事项尚无良好记录，由人工审核决定。",
    )
    EXPLORED = (
        "P907",
        "Let in by lot, on trial and for at most {cap} orders a month: a small share of merchants who would not "
        "qualify yet are, so that it shows how they do. What follows is what stood against it.",
        "经随机抽取试行准入，每月最多 {cap} 单：平台让一小部分暂不符合条件的商家试行，以观察其实际表现。"
        "以下为原本不予准入的原因。",
    )

    LINKED = (
        "P908",
        "The merchant shares an account, a phone, a device or an address with one that was removed; a person decides, "
        "and the merchant may show that it is another.",
        "该商家与一家已被清退的商家共用账户、电话、设备或地址，由人工审核决定；商家可以提交证明以消除关联。",
    )
    HANDS_CHANGED = (
        "P909",
        "The owner or the bank account was changed within the last 14 days, so the place is on trial.",
        "近 14 天内店主或收款账户发生变更，因此仅可试行。",
    )
    PLEDGED = (
        "P910",
        "The programme holds {need} of the deposit for claims; {have} of it is free.",
        "该保障计划需占用保证金 {need} 用于赔付；目前可用的保证金为 {have}。",
    )

    BARRED = (
        "P911",
        "The merchant lost this programme; it may apply again from {until} on.",
        "商家已被取消该保障计划资格，{until} 起可重新申请。",
    )
    SUSPENDED = (
        "P913",
        "The place in this programme is suspended; it is judged again on {until}.",
        "该保障计划资格已被暂停，将于 {until} 重新评定。",
    )
    EXPELLED = (
        "P912",
        "The place in this programme has ended.",
        "该保障计划资格已终止。",
    )

    def __init__(self, code: str, text: str, text_zh: str) -> None:
        self.code = code
        self.text = text
        self.text_zh = text_zh


def gate_reason(state: GateState, metric: str | None = None, **values: Value) -> GateReason:
    """The reason for a state, with its values."""
    return GateReason(
        code=state.code, text=state.text.format(**values), text_zh=state.text_zh.format(**values), metric=metric
    )


def standing(
    condition: Condition,
    state: ConditionState,
    measured: Measured | None,
    bounds: tuple[float, float],
    *,
    need: Value = None,
) -> Both:
    """The condition's sentence and, where it is not met, how it stands; `bounds` are a rate's, `need` a deposit's."""
    if state in (ConditionState.MET, ConditionState.NOT_APPLICABLE):
        return condition.text, condition.text_zh
    if condition.kind == "rate":
        more = _rate(condition, state, measured, bounds)
    elif condition.is_paper:
        more = _PAPERS[state]
    elif condition.kind == "deposit":
        more = f"Needed: {money(float(need or 0))}.", f"需要：{money(float(need or 0))}。"
    else:
        more = _number(condition, measured)
    return f"{condition.text} {more[0]}", f"{condition.text_zh}{more[1]}"


#: What is said of a paper that does not hold.
_PAPERS: dict[ConditionState, Both] = {
    ConditionState.MISSING: ("No check of it is on record.", "尚无相关核验记录。"),
    ConditionState.FAILED: ("The check of it failed, or has expired.", "核验未通过，或已过期。"),
}


def _rate(condition: Condition, state: ConditionState, measured: Measured | None, bounds: tuple[float, float]) -> Both:
    days = condition.days
    if measured is None or not measured.per or measured.of is None:
        return (
            f"Not yet known: no {condition.things} in the last {days} days.",
            f"暂无法判断：近 {days} 天内没有任何一{condition.things_zh}。",
        )
    have = measured.of / measured.per
    if state is ConditionState.FAILED:
        return (
            f"In the last {days} days it was {have:.1%} ({measured.per:,} {condition.things}).",
            f"近 {days} 天实际为 {have:.1%}（共 {measured.per:,} {condition.things_zh}）。",
        )
    low, high = bounds
    return (
        f"Not yet proven: {measured.per:,} {condition.things} are too few to tell; "
        f"the true rate may lie anywhere from {low:.1%} to {high:.1%}.",
        f"尚未得到证明：仅有 {measured.per:,} {condition.things_zh}，真实比例可能在 {low:.1%} 至 {high:.1%} 之间。",
    )


def _number(condition: Condition, measured: Measured | None) -> Both:
    if measured is None or measured.value is None:
        return "Nothing is known about it yet.", "暂无相关记录。"
    have = figure(condition.metric, measured.value)
    return f"It is {have}.", f"当前为 {have}。"


def figure(metric: str, value: Value) -> str:
    """A number as people write it; the amounts of the catalogue are named by their unit."""
    if isinstance(value, (int, float)) and metric.endswith("_cents"):
        return money(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
