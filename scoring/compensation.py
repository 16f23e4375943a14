"""Compensation: what a buyer is owed for what went wrong, and the rule behind each amount.

The price back, the freight, and something on top: by law, or by what the programmes on the order promise. Law and
promise do not stack; the larger extra binds, and a tie is the law's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scoring.compensation_policy import CompensationPolicy, Exclusion, Ground, Rule, Said
from scoring.policy_text import times
from scoring.programmes import Programme

__all__ = ["Award", "Claim", "Quote", "Refusal", "quote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a buyer asks for, in minor units. `price_cents` is what was paid after discounts, without `freight_cents`.

    `days_since_order` and `days_since_receipt` are whole days, None where nobody knows; then the claim is in time.
    `household_cents` is the part of the price that an ordinary household needs, where a person found it to be less.
    `categories` are what the goods are; of some a buyer may have confirmed at the purchase that there is no return.
    `buyer_deceived` and `label_flaw` are findings of a person as well.
    """

    ground: Ground
    price_cents: int
    freight_cents: int = 0
    loss_cents: int = 0
    household_cents: int | None = None
    days_since_order: int | None = None
    days_since_receipt: int | None = None
    categories: tuple[str, ...] = ()
    no_return_confirmed: bool = False
    buyer_deceived: bool = False
    label_flaw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What one rule gives. `binds` = its extra is the one that is paid; `source` is the law, or the programme."""

    code: str
    source: str
    refund_cents: int
    freight_cents: int
    extra_cents: int
    binds: bool
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing is paid on top, or by a law or promise nothing at all."""

    code: str
    source: str
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What is owed, in minor units, with the rules behind it."""

    refund_cents: int
    extra_cents: int
    freight_cents: int
    total_cents: int
    awards: tuple[Award, ...]
    refusals: tuple[Refusal, ...]
    jurisdiction: str
    policy_version: str


def quote(claim: Claim, *, policy: CompensationPolicy, promises: Sequence[Programme] = ()) -> Quote:
    """What is owed for a claim, by law and by the programmes that the order carries."""
    excluded = tuple(_excluded(claim, policy))
    if any(one.takes_all for one in excluded):
        return _quote((), _refused(excluded), policy)
    given = (*_by_law(claim, policy), *_by_promise(claim, policy, promises))
    refusals = (*_refused(excluded), *_unpaid(claim, policy, promises))
    if not given and not refusals:
        refusals = (_refusal(policy.unpaid.nothing, claim.ground),)
    return _quote(tuple(replace(one, extra_cents=0) for one in given) if excluded else given, refusals, policy)


def _refused(excluded: Sequence[Exclusion]) -> tuple[Refusal, ...]:
    return tuple(Refusal(code=one.code, source=one.law, text=one.text, text_zh=one.text_zh) for one in excluded)


def _quote(given: tuple[Award, ...], refusals: tuple[Refusal, ...], policy: CompensationPolicy) -> Quote:
    refund = max((one.refund_cents for one in given), default=0)
    freight = max((one.freight_cents for one in given), default=0)
    extra = max((one.extra_cents for one in given), default=0)
    return Quote(
        refund_cents=refund,
        extra_cents=extra,
        freight_cents=freight,
        total_cents=refund + freight + extra,
        awards=_with_the_binding_one(given, extra),
        refusals=refusals,
        jurisdiction=policy.jurisdiction,
        policy_version=policy.version,
    )


def _with_the_binding_one(given: tuple[Award, ...], extra: int) -> tuple[Award, ...]:
    """Of several that give the largest extra, the first binds: the law comes before promises."""
    first = next((place for place, one in enumerate(given) if extra and one.extra_cents == extra), None)
    return tuple(replace(one, binds=place == first) for place, one in enumerate(given))


def _excluded(claim: Claim, policy: CompensationPolicy) -> Iterator[Exclusion]:
    if claim.buyer_deceived:
        yield policy.exclusions.buyer_deceived
    if claim.label_flaw and policy.exclusions.label_flaw.covers(claim.ground):
        yield policy.exclusions.label_flaw


def _by_law(claim: Claim, policy: CompensationPolicy) -> Iterator[Award]:
    for rule in policy.rules:
        if claim.ground in rule.grounds and not _left_out(claim, rule) and not rule.is_late(claim.days_since_receipt):
            yield Award(
                code=rule.code,
                source=rule.law,
                refund_cents=claim.price_cents if rule.refund else 0,
                freight_cents=claim.freight_cents if rule.freight else 0,
                extra_cents=_extra_by_law(claim, rule),
                binds=False,
                text=rule.text,
                text_zh=rule.text_zh,
            )


def _left_out(claim: Claim, rule: Rule) -> bool:
    return rule.leaves_out(claim.categories, no_return_confirmed=claim.no_return_confirmed)


def _ended(claim: Claim, programme: Programme) -> bool:
    return (claim.days_since_order or 0) > programme.claim_days


def _unpaid(claim: Claim, policy: CompensationPolicy, promises: Sequence[Programme]) -> Iterator[Refusal]:
    """The laws and promises on this ground that give nothing, and why."""
    said = policy.unpaid
    for rule in (one for one in policy.rules if claim.ground in one.grounds):
        if _left_out(claim, rule):
            yield _refusal(said.excluded, rule.law)
        elif rule.is_late(claim.days_since_receipt):
            yield _refusal(said.too_late, rule.law, days=rule.within_days)
    for programme in (one for one in promises if claim.ground in one.pays.grounds):
        if _ended(claim, programme):
            yield _refusal(said.too_late, programme.id, days=programme.claim_days)


def _refusal(said: Said, source: str, **values: int | None) -> Refusal:
    return Refusal(
        code=said.code, source=source, text=said.text.format(**values), text_zh=said.text_zh.format(**values)
    )


def _extra_by_law(claim: Claim, rule: Rule) -> int:
    """The larger of so many times the price and so many times the loss, at least the least."""
    within = claim.price_cents if claim.household_cents is None else min(claim.household_cents, claim.price_cents)
    price = within if rule.household else claim.price_cents
    amounts = (times(rule.times_price, price), times(rule.times_loss, claim.loss_cents))
    return max(*amounts, rule.at_least_cents)


def _by_promise(claim: Claim, policy: CompensationPolicy, promises: Sequence[Programme]) -> Iterator[Award]:
    for programme in promises:
        if claim.ground in programme.pays.grounds and not _ended(claim, programme):
            yield Award(
                code=policy.programmes.code,
                source=programme.id,
                refund_cents=claim.price_cents if programme.pays.refund else 0,
                freight_cents=claim.freight_cents if programme.pays.freight else 0,
                extra_cents=programme.pays.extra_cents(claim.price_cents),
                binds=False,
                text=f"{policy.programmes.text} {programme.name}: {programme.breach}",
                text_zh=f"{policy.programmes.text_zh}{programme.name_zh}：{programme.breach_zh}",
            )
