"""Attacks: schemes against the marketplace and blows from outside, each with whom it touches; all are switched by the
scenario, with a strength and a date. What they do is told where it is done: schemes.py, fulfilment.py, market.py."""

from dataclasses import dataclass
from types import MappingProxyType

from features.simulator.archetypes import ARCHETYPES, HONEST
from features.simulator.scenario import DAY, Attack, Scenario

__all__ = ["ATTACKS", "Hit", "KindOfAttack", "hits_of", "window_of"]

_ALL = tuple(name for name in ARCHETYPES if name != "dormant")
_CARELESS = ("sloppy", "decaying", "overstretched", "careless_cheap", "false_advertiser", "refuser", "sold_shop")
_CROOKED = tuple(name for name, one in ARCHETYPES.items() if not one.honest)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfAttack:
    """A kind of attack: what it does, which archetypes it touches, and what share of them at full strength.

    `reach` 0 = it touches the whole marketplace. One that `takes_over` decides the whole life of those it touches.
    """

    says: str
    touches: tuple[str, ...] = _ALL
    reach: float = 0.0
    takes_over: bool = False


ATTACKS: MappingProxyType[str, KindOfAttack] = MappingProxyType(
    {
        "bad_faith_ring": KindOfAttack(
            touches=HONEST, reach=0.3, says="seven strangers report honest merchants' goods as fakes, over and over"
        ),
        "brushing_ring": KindOfAttack(
            touches=(*_CARELESS, "brusher", "newcomer", "fading"), reach=0.7,
            says="merchants share linked buyers who order, confirm at once and give five stars; parcels are empty",
        ),
        "threshold_hugger": KindOfAttack(
            touches=_CARELESS, reach=0.9,
            says="careless merchants count, and are late or cancel only as often as published limits let them",
        ),
        "sleeper": KindOfAttack(
            touches=tuple(ARCHETYPES), reach=0.06, takes_over=True,
            says="shops kept small and spotless until the date, then busted out at once"
        ),
        "identity_hop": KindOfAttack(
            touches=tuple(ARCHETYPES), takes_over=True,
            says="a crew opens shop after shop, each given up when it is burnt"
        ),
        "refund_abusers": KindOfAttack(
            reach=1.0, says="buyers who send back an empty box, something else, or nothing"
        ),
        "one_buyer_many_merchants": KindOfAttack(
            reach=1.0, says="three buyers order from everybody and claim that nothing came"
        ),
        "collusion": KindOfAttack(
            touches=_CROOKED, reach=0.5,
            says="merchants' friends order what is dear and are refunded at the platform's cost; nothing ever moves",
        ),
        "freight_farming": KindOfAttack(
            reach=1.0, says="buyers order only to send back, for the freight that is paid for it"
        ),
        "fake_dispatch": KindOfAttack(
            touches=_CROOKED, reach=0.7, says="orders are marked as sent in time; the parcel goes days later, untracked"
        ),
        "forced_cancels": KindOfAttack(
            touches=_CARELESS, reach=0.8, says="who lacks stock talks buyers into cancelling, so that it is their doing"
        ),
        "professional_claimants": KindOfAttack(
            reach=1.0, says="a dozen persons buy to claim: reports of fakes, complaints, threats of the law"
        ),
        "threshold_splitting": KindOfAttack(
            reach=1.0, says="buyers order and are refunded in pieces, each below the limit for instant refunds"
        ),
        "carrier_strike": KindOfAttack(says="carriers stand still: everything comes late, and nobody here is to blame"),
        "policy_change": KindOfAttack(
            says="from the date on merchants must send within a day, and returns are as easy as can be; it does not end"
        ),
        "demand_shock": KindOfAttack(says="orders multiply from one day to the next, and strain everybody"),
        "feed_outage": KindOfAttack(says="the carriers' feed falls silent: what it would have told is never known"),
    }
)  # fmt: skip

#: Of so many merchants in a row some are one crew's identities.
_BLOCK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An attack as it touches one merchant: its place in the scenario, its strength, and its window in seconds.

    An identity hopper is the one at `place` of its crew's `members`.
    """

    kind: str
    index: int
    strength: float
    since: int
    until: int
    place: int = 0
    members: int = 1

    @property
    def takes_over(self) -> bool:
        """Whether it decides the merchant's whole life."""
        return ATTACKS[self.kind].takes_over


def window_of(attack: Attack, scenario: Scenario) -> tuple[int, int]:
    """The seconds from which and before which an attack lasts; a change of policy lasts for good."""
    since = scenario.begin + attack.day * DAY
    until = scenario.end if attack.kind == "policy_change" else min(since + attack.days * DAY, scenario.end)
    return since, max(since, until)


def hits_of(scenario: Scenario, number: int, archetype: str) -> tuple[Hit, ...]:
    """The attacks of a scenario that touch a merchant."""
    hits = [_hit(scenario, index, attack, number) for index, attack in enumerate(scenario.attacks)
            if _touched(scenario, index, attack, number=number, archetype=archetype)]  # fmt: skip
    taken = [hit for hit in hits if hit.takes_over]
    return tuple([hit for hit in hits if not hit.takes_over] + taken[:1])


def _hit(scenario: Scenario, index: int, attack: Attack, number: int) -> Hit:
    since, until = window_of(attack, scenario)
    return Hit(kind=attack.kind, index=index, strength=attack.strength, since=since, until=until,
               place=number % _BLOCK, members=_crew(attack))  # fmt: skip


def _crew(attack: Attack) -> int:
    return 2 + int(attack.strength * 6)


def _touched(scenario: Scenario, index: int, attack: Attack, *, number: int, archetype: str) -> bool:
    kind = ATTACKS[attack.kind]
    since, until = window_of(attack, scenario)
    if attack.strength <= 0 or since >= until or archetype not in kind.touches:
        return False
    if attack.kind == "identity_hop":
        return number % _BLOCK < _crew(attack)
    # Another irrational step than the one that deals archetypes: the two fall together as if by chance.
    place = ((number + scenario.seed * 7919 + index * 104_729) * 1_779_033_703 % 2**32) / 2**32
    return kind.reach in (0.0, 1.0) or place < kind.reach * attack.strength
