"""Sentences of fast refunds. Buyers read them: none speaks of a buyer's credit, and all say that the right stays."""

from enum import Enum

__all__ = ["RefundState"]


class RefundState(Enum):
    """Why a refund is not paid at once: code, English, Chinese. Codes under F110 ask for a person."""

    ORDER_UNKNOWN = (
        "F101",
        "This order is not known as this merchant's and this buyer's; a person looks at it.",
        "未查到该商家与该买家的这笔订单，由人工核实。",
    )
    CLAIMS_DIFFER = (
        "F102",
        "What was sent about the order differs from what is on record; a person looks at it.",
        "提交的订单信息与记录不一致，由人工核实。",
    )
    HISTORY_DIFFERS = (
        "F103",
        "What was sent about earlier refunds differs from what is on record; a person looks at it.",
        "提交的历史退款信息与记录不一致，由人工核实。",
    )
    MANY_REFUNDS = (
        "F104",
        "There were many refunds lately; a person looks at this one first.",
        "近期退款较多，本次退款先由人工核实。",
    )
    MORE_THAN_IS_LEFT = (
        "F105",
        "The amount is more than is left of what was paid for the order; a person looks at it.",
        "退款金额超过该订单剩余可退金额，由人工核实。",
    )
    HASTY = (
        "F106",
        "Refunds of several orders were asked for within a short time; a person looks at this one first.",
        "短时间内有多笔订单申请退款，本次退款先由人工核实。",
    )
    LINKED = (
        "F107",
        "The same details are on record for the buyer and for the shop; a person looks at this first.",
        "买家与店铺登记的部分信息相同，本次退款先由人工核实。",
    )
    NO_MODEL = (
        "F111",
        "No refund can be paid at once for this merchant yet.",
        "该商家的订单暂不支持极速退款。",
    )
    STALE = (
        "F112",
        "No refund can be paid at once right now.",
        "当前暂不支持极速退款。",
    )
    STATE_UNKNOWN = (
        "F113",
        "How far the order has come is not known, or it was cancelled.",
        "订单状态未知，或订单已取消。",
    )
    NOT_THIS_REASON = (
        "F114",
        "A refund for this reason is not paid at once while the order stands as it does.",
        "在订单当前状态下，该原因的退款不支持极速退款。",
    )
    OVER_ORDER = (
        "F115",
        "The amount is more than can be paid at once for this order.",
        "退款金额超过该订单的极速退款额度。",
    )
    OVER_BUYER = (
        "F116",
        "The amount is more than is left for refunds at once of the last 90 days.",
        "近 90 天的极速退款剩余额度不足。",
    )
    OVER_MERCHANT = (
        "F117",
        "The amount is more than is left for refunds at once of this merchant's orders.",
        "该商家订单的极速退款剩余额度不足。",
    )
    UNCOVERED = (
        "F118",
        "The amount is more than is covered for this kind of refund.",
        "退款金额超过此类退款的保障范围。",
    )
    OVER_FUND = (
        "F119",
        "What the platform set aside for refunds at once is nearly used up; this one is paid the ordinary way.",
        "平台极速退款资金余额不足，本次按普通流程退款。",
    )
    OVER_DAY = (
        "F120",
        "Today's share of what the platform set aside for refunds at once is nearly used up.",
        "今日极速退款总额度不足。",
    )
    RIGHT_STAYS = (
        "F199",
        "The right to a refund is not touched by this: only how soon it is paid.",
        "这不影响依法享有的退款权利，仅影响到账时间。",
    )

    def __init__(self, code: str, text: str, text_zh: str) -> None:
        self.code = code
        self.text = text
        self.text_zh = text_zh

    @property
    def needs_a_person(self) -> bool:
        """Whether only a person can settle it."""
        return self.code < "F110"
