"""How each attack of the simulator is tried on one merchant: whom it serves or harms, what it tells, what it costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from scoring.cheating import Price
from scoring.cheating_policy import Costs
from scoring.policy_text import times
from serving.attack import amends, harm, praise
from serving.attack.telling import LEAD, Effort, Event, Subject, Teller

__all__ = ["NOBODYS", "PLOYS", "Ploy", "Role"]

#: The merchant that an attack is tried on.
Role = str
CARELESS, NEWCOMER, RIVAL = "careless", "newcomer", "rival"

#: What the simulator calls attacks, and nobody does to gain by it.
NOBODYS = ("carrier_strike", "policy_change", "demand_shock", "feed_outage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ploy:
    """An attack as it is tried: on a merchant of which role, what it tells, and what a thing of it costs.

    `tells` gives the merchant's events with the attack in them. `hires`: accounts are needed; `alone`: by one account,
    however much it does. `opens`: a new shop is part of the price. `crosses`: who reports is known across merchants.
    """

    says: str
    says_zh: str
    role: Role
    tells: Callable[[Teller, Costs], Iterator[Event]]
    per_thing: Callable[[Costs, int], int]
    hires: bool = True
    alone: bool = False
    opens: bool = False
    crosses: bool = False
    lead: int = LEAD

    def effort(self, things: int, days: int, per_account: int) -> Effort:
        """So many things in so many days."""
        return Effort(things=things, days=days, per_account=things if self.alone else per_account)

    def most(self, subject: Subject, otherwise: int) -> int:
        """How many things can be done at most: of what went wrong, no more than did."""
        wrong = len(amends.wronged(subject)) if self.tells in amends.ALL else otherwise
        return min(wrong, otherwise)

    def price(self, effort: Effort, costs: Costs, *, order_cents: int) -> Price:
        """What an effort costs; a shop is an account, too."""
        accounts = effort.accounts if self.hires else 0
        cents = effort.things * self.per_thing(costs, order_cents) + accounts * costs.account_cents
        return Price(
            things=effort.things,
            accounts=accounts + self.opens,
            days=effort.days + self.lead,
            cents=cents + self.opens * costs.shop_cents,
        )


def _brushed(costs: Costs, order_cents: int) -> int:
    return times(costs.platform_fee, order_cents) + costs.parcel_cents + costs.hire_cents


def _resold(costs: Costs, order_cents: int) -> int:
    return times(costs.loss_share, order_cents)


def _sent_back(costs: Costs, order_cents: int) -> int:
    return costs.return_freight_cents


def _none(costs: Costs, order_cents: int) -> int:
    return 0


PLOYS: MappingProxyType[str, Ploy] = MappingProxyType(
    {
        "brushing_ring": Ploy(
            role=CARELESS, tells=praise.brushed, per_thing=_brushed,
            says="a careless merchant buys from itself: empty parcels in time, and five stars",
            says_zh="经营不善的商家自买自卖：空包按时发出，并给五星好评",
        ),
        "threshold_hugger": Ploy(
            role=CARELESS, tells=amends.sent_in_time, per_thing=lambda costs, _: costs.express_cents, hires=False,
            says="a careless merchant sends just as many late orders in time as the limits ask",
            says_zh="经营不善的商家只把刚好够达标数量的订单按时发出",
        ),
        "fake_dispatch": Ploy(
            role=CARELESS, tells=amends.marked_as_sent, per_thing=_none, hires=False,
            says="late orders are marked as sent in time, and no carrier scans them",
            says_zh="迟发的订单被标记为按时发出，但无承运商揽收记录",
        ),
        "forced_cancels": Ploy(
            role=CARELESS, tells=amends.cancelled_by_buyers, per_thing=lambda costs, _: costs.coupon_cents, hires=False,
            says="buyers of what would be late are talked into cancelling",
            says_zh="诱导将被迟发订单的买家自行取消",
        ),
        "collusion": Ploy(
            role=CARELESS, tells=praise.colluded, per_thing=_none,
            says="friends order what is dear and are refunded by the platform; nothing ever moves",
            says_zh="熟人下大额订单并由平台退款，货物从未流转",
        ),
        "own_messages": Ploy(
            role=CARELESS, tells=praise.answered, per_thing=lambda costs, _: costs.message_cents, alone=True,
            says="a careless merchant writes to itself and answers in time",
            says_zh="经营不善的商家给自己发消息并按时答复",
        ),
        "sleeper": Ploy(
            role=NEWCOMER, tells=praise.sold_honestly, per_thing=_resold, hires=False, opens=True,
            says="a new shop sells small and spotless, below cost, to strangers",
            says_zh="新店以低于成本的价格向陌生买家做小额无瑕疵交易",
        ),
        "identity_hop": Ploy(
            role=NEWCOMER, tells=praise.brushed, per_thing=_brushed, opens=True,
            says="a new shop under another name buys from itself",
            says_zh="换名新开的店铺自买自卖",
        ),
        "bad_faith_ring": Ploy(
            role=RIVAL, tells=harm.reported, per_thing=lambda costs, _: costs.report_cents, crosses=True,
            says="strangers report a good merchant's goods as fakes, with photos",
            says_zh="陌生账号附图举报优质商家售假",
        ),
        "professional_claimants": Ploy(
            role=RIVAL, tells=harm.claimed, per_thing=_resold, crosses=True,
            says="buyers call what they bought a fake: dispute, complaint, report, one star",
            says_zh="买家称所购为假货：纠纷、投诉、举报、一星差评",
        ),
        "refund_abusers": Ploy(
            role=RIVAL, tells=harm.sent_back_empty, per_thing=_sent_back,
            says="buyers call the goods poor and send back an empty box",
            says_zh="买家称质量差并退回空盒",
        ),
        "threshold_splitting": Ploy(
            role=RIVAL, tells=harm.refunded_in_pieces, per_thing=_none,
            says="buyers are refunded at once, in small orders, for goods that they call misdescribed",
            says_zh="买家拆成小额订单，称描述不符而即时退款",
        ),
        "freight_farming": Ploy(
            role=RIVAL, tells=harm.sent_back, per_thing=_none,
            says="buyers order only to send back",
            says_zh="买家下单只为退货",
        ),
        "one_buyer_many_merchants": Ploy(
            role=RIVAL, tells=harm.never_came, per_thing=_none, alone=True,
            says="one buyer orders again and again and claims that nothing came",
            says_zh="同一买家反复下单并声称未收到货",
        ),
        "bad_stars": Ploy(
            role=RIVAL, tells=harm.panned, per_thing=_resold,
            says="buyers are sent what they ordered, and give one star",
            says_zh="买家正常收货后给一星差评",
        ),
    }
)  # fmt: skip
