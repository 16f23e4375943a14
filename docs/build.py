"""Writes docs/reference/ from the code, so that it cannot lie: `make docs`. A test compares."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from docs.markdown import shipped, table
from docs.operating import (
    checks_page,
    commands_page,
    errors_page,
    failures_page,
    lint_page,
    metrics_page,
    settings_page,
)
from features.catalogue import CATALOGUE, FAMILIES, INPUTS
from features.catalogue.feature import Feature, Total
from features.catalogue.orders import moved_at_most
from features.catalogue.reporters import CREDENCE, bound
from features.events import COLUMNS, COMMON, EVENT_TYPES, EventType
from features.faults import COMPONENTS
from features.measures import Capped, Crossed, Events, Measure, OwnFaults
from features.validation import REJECTIONS
from scoring.advert_policy import AdvertPolicy
from scoring.compensation_policy import CompensationPolicy
from scoring.condition_policy import Condition
from scoring.gate_words import GateState
from scoring.penalty_policy import PenaltyPolicy
from scoring.programmes import Programme, ProgrammePolicy
from scoring.reasons import State
from scoring.refund_words import RefundState
from serving.ingest.feeds import NOT_ALLOWED, RIGHTS

REFERENCE = Path(__file__).parent / "reference"


PROGRAMMES = ProgrammePolicy.parse(shipped("programmes"))
COMPENSATION = CompensationPolicy.parse(shipped("compensation"))
PENALTIES = PenaltyPolicy.parse(shipped("penalties"))
ADVERTS = AdvertPolicy.parse(shipped("adverts"))

#: Why an event may be rejected, by the vocabulary and by whose it is.
REJECTED = {**REJECTIONS, NOT_ALLOWED[0]: NOT_ALLOWED[1]}


def counted_by() -> dict[tuple[Measure, int | None], str]:
    """What is counted, and the feature that says how many there are."""
    plain = [one for features in FAMILIES.values() for one in features if type(one.formula) is Total]
    return {one.numbers[0]: general(one) for one in reversed(plain) if len(one.numbers) == 1}


def general(feature: Feature) -> str:
    """A feature's name, `*` for the days of its window."""
    return feature.name.replace(f"_{feature.days}d", "_*d") if feature.days else feature.name


def divides_by(feature: Feature, counted: Mapping[tuple[Measure, int | None], str]) -> str:
    """The features that say how much evidence there is, or else the events that it is made of."""
    names = (counted.get((one, feature.days)) or event_counted(one.source) for one in feature.evidence)
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def event_counted(source: object) -> str:
    """The type of the events that a source counts, or what of which crossing."""
    if isinstance(source, Events):
        return source.event_type
    if isinstance(source, OwnFaults):
        return "order_placed"
    if isinstance(source, Crossed):
        return f"{source.by}.{source.of}"
    of = (source.of or source.bad) if isinstance(source, Capped) else getattr(source, "of", None)
    return event_counted(of[0] if isinstance(of, tuple) else of) if of else type(source).__name__


def feature_row(alike: Sequence[Feature], counted: Mapping[tuple[Measure, int | None], str]) -> tuple[str, ...]:
    """The line of features that differ by their windows only."""
    one = alike[0]
    window = ", ".join(f"{feature.days}" for feature in alike) + " d" if one.days else "until `as_of`"
    return (
        f"`{general(one)}`", one.meaning, one.clock, window, one.unit, one.riskier, one.cause,
        divides_by(one, counted), "yes" if one.model_input else "", one.reason, f"{one.text} / {one.text_zh}",
    )  # fmt: skip


def reporters_text() -> str:
    """What reporters' words weigh, and how far unknown ones get."""
    kinds = [(one.kind, f"{one.confirmed}", f"{one.refuted}", "yes" if one.vouched else "") for one in CREDENCE.beliefs]
    proof = ", ".join(f"{kind or 'unstated'} {percent} %" for kind, percent in CREDENCE.evidence)
    bounds = [(f"{k}", f"{bound(k):g}") for k in (1, 2, 3, 4, 5, 10, 100)]
    return (
        "## What a report of fakes weighs\n\nA report weighs confirmed / all of its reporter's earlier reports, begun "
        f"with those below; one in bad faith counts as {CREDENCE.bad_faith} dismissed. By evidence it keeps: {proof}. "
        "Why, in [decision 0011](../decisions/0011-reporters.md).\n\n"
        + table(("kind of reporter", "confirmed", "refuted", "vouched for"), kinds)
        + "\nB(k): k reporters without a confirmed report, for whom nobody vouches, with any number of reports, raise "
        "`suspicion_*` of a merchant by at most\n\n" + table(("k", "votes"), bounds)
    )


def voices_text() -> str:
    """How far few buyers get."""
    others = (0, 10, 30, 100, 1000)
    rows = [(f"{k}", *(f"{moved_at_most(k, per=n, strength=10):.3f}" for n in others)) for k in (1, 3, 10)]
    return (
        "## How far few buyers get\n\nB(k; n): k buyers, whatever they do and whatever comes of it, move a `_capped` "
        "rate by at most 3k / (3k + n + s), where n is what the rate of all others rests on and s what the category's "
        "weighs (here 10; 0 without `_shrunk`). They move a `_capped` count by 3k at most. "
        "Why, in [decision 0009](../decisions/0009-one-buyer-one-voice.md).\n\n"
        + table(("k", *(f"n = {n:,}" for n in others)), rows)
    )


def features_page() -> str:
    """Every feature."""
    head = (
        "name", "meaning", "clock", "windows", "unit", "riskier", "cause", "divides by", "model input", "reason",
        "sentences",
    )  # fmt: skip
    parts = [
        f"# Features\n\n{len(CATALOGUE)} features in {len(FAMILIES)} families; models see {len(INPUTS)}. One as of a "
        "moment uses what was known before it; `*` in its name is its window in days. A rate is null where what it "
        "divides by (another feature, or the events counted) is 0; a `_shrunk` rate never is: it is drawn towards its "
        "category's rate where evidence is thin, and it is what models see.\n"
    ]
    counted = counted_by()
    for family, features in FAMILIES.items():
        alike: dict[object, list[Feature]] = {}
        for one in features:
            alike.setdefault((general(one), one.meaning, one.text, one.reason, one.model_input), []).append(one)
        parts.append(f"## {family}\n\n" + table(head, (feature_row(group, counted) for group in alike.values())))
    faults = [(f"`{name}`", " ".join((inspect.getdoc(of) or "What the event of that name says.").split()))
              for name, of in COMPONENTS.items()]  # fmt: skip
    about = "## Own faults\n\nWhat the credit label counts and, but for refunds and settlements, `own_fault_rate`.\n\n"
    parts.append(about + table(("name", "what"), faults))
    return "\n".join((*parts, reporters_text(), voices_text()))


def event_row(event: EventType) -> tuple[str, ...]:
    """One event type's line."""
    limits = "; ".join(f"`{column}`: {', '.join(words)}" for column, words in event.words.items())
    return (
        f"`{event.name}`", ", ".join(f"`{name}`" for name in event.required),
        ", ".join(f"`{name}`" for name in event.optional), limits,
    )  # fmt: skip


def right_row(right: str) -> tuple[str, str]:
    """One right's line."""
    return f"`{right}`", ", ".join(f"`{name}`" for name in RIGHTS[right])


def events_page() -> str:
    """The vocabulary, and why a row may be rejected."""
    ranges = {c.name: "" if c.least is None else f"{c.least} to {c.most}" for c in COLUMNS.values()}
    kinds = [(f"`{name}`", column.kind.value, ranges[name]) for name, column in COLUMNS.items()]
    return "\n".join(
        (
            "# Events\n\nEvery event may carry " + ", ".join(f"`{name}`" for name in COMMON) + ".\n",
            table(("event type", "required", "optional", "words allowed"), map(event_row, EVENT_TYPES.values())),
            "## Columns\n\n" + table(("column", "holds", "range"), kinds),
            "## Rejections\n\n" + table(("code", "why"), [(f"`{code}`", why) for code, why in REJECTED.items()]),
            "## Rights\n\nWhat `goodfaith keys add NAME --scope events:write --may RIGHT` lists; see "
            "[keys](../howto/keys.md).\n\n" + table(("right", "event types"), map(right_row, RIGHTS)),
        )
    )


def reasons_page() -> str:
    """Every reason code, with both sentences."""
    seen: dict[str, tuple[str, str]] = {}
    for features in FAMILIES.values():
        for feature in features:
            seen.setdefault(feature.reason, (feature.text, feature.text_zh))
            seen.setdefault(f"{feature.reason} (nothing known)", (feature.text_none, feature.text_none_zh))
    states = (*State, *GateState, *RefundState)
    seen |= {state.code: (state.text, state.text_zh) for state in states}
    policies = (*PROGRAMMES.coded, *COMPENSATION.coded, *PENALTIES.violations, *ADVERTS.absolute, ADVERTS.genuine)
    seen |= {one.code: (one.text, one.text_zh) for one in policies}
    seen |= {one.code: (ADVERTS.promised.text, ADVERTS.promised.text_zh) for one in ADVERTS.promises}
    rows = [(code, english, chinese) for code, (english, chinese) in sorted(seen.items())]
    return "# Reason codes\n\n" + table(("code", "English", "简体中文"), rows)


def limit_of(condition: Condition) -> str:
    """What a condition asks for, in short."""
    if condition.is_paper:
        return "valid"
    if condition.kind == "deposit":
        return f"deposit of {condition.times} times the metric and {condition.plus_cents:,} cents"
    limit = f"at least {condition.at_least:g}" if condition.at_least is not None else f"at most {condition.at_most:g}"
    if condition.kind == "rate":
        limit += f", {condition.confidence:.0%} sure"
    return limit if condition.small_count is None else f"{limit}; or at most {condition.small_count} failing"


def condition_row(condition: Condition) -> tuple[str, ...]:
    """One condition's line."""
    judged = "yes" if condition.on else f"not yet: {condition.switched_off} / {condition.switched_off_zh}"
    if condition.waived:
        judged += f"; few can prove it: {condition.waived} / {condition.waived_zh}"
    sentence = f"{condition.text} / {condition.text_zh}"
    return condition.code, f"`{condition.metric}`", limit_of(condition), sentence, judged


def paid_by(programme: Programme) -> str:
    """What a broken promise pays."""
    pays = programme.pays
    if not pays.grounds:
        return "nothing of its own: no number has a source; what the law gives stays"
    parts = [name for name, given in (("the price back", pays.refund), ("the freight", pays.freight)) if given]
    if pays.times_price is not None:
        parts.append(f"{pays.times_price:g} times the price, at least {pays.at_least_cents:,} cents")
    return f"{', '.join(parts)}; for {', '.join(pays.grounds)}"


def programme_text(programme: Programme) -> str:
    """One programme's section."""
    trial, floor = programme.provisional, programme.evidence
    facts = (
        ("promise / 承诺", f"{programme.promise} / {programme.promise_zh}"),
        ("breach / 违约", f"{programme.breach} / {programme.breach_zh}"),
        ("a breach pays", paid_by(programme)),
        ("meant first for", ", ".join(programme.suits) or "all categories alike"),
        ("not for", ", ".join(programme.excludes) or "nothing is excluded"),
        ("to enter", ", ".join(one.code for one in programme.entry)),
        ("to keep", ", ".join(one.code for one in programme.keep)),
        ("credit band", f"{programme.band_at_worst} or better"),
        ("suspicion of fakes", f"at most {programme.counterfeit_at_worst}"),
        ("valid for", f"{programme.valid_days} days; on trial, or until asked again: {trial.valid_days} days"),
        ("cap on trial", f"{trial.at_first} orders a month, {trial.per_thing:g} more for each thing that went well "
                         f"(of a day at most {trial.per_day or 'all'}), at most {trial.at_most}"),
        ("without a cap", f"admitted, with a cap grown to {trial.at_most}, {floor.orders} orders and {floor.days} days "
                          "of trading"),
        ("grace", f"{programme.grace_days} days to mend what costs the place"),
        ("claims", f"until {programme.claim_days} days after the order"),
        ("pledged of the deposit", f"{programme.pledge_cents:,} cents, until the last claim day"),
    )  # fmt: skip
    return f"## `{programme.id}`: {programme.name} / {programme.name_zh}\n\n" + table(("what", "how"), facts)


def programmes_page() -> str:
    """Every programme of the shipped policy, its conditions, the stop rules, and how members are judged."""
    intro = (
        "# Programmes\n\nThe shipped policy, `scoring/policies/programmes.toml`. A rate is met when its pessimistic "
        "bound keeps the limit, or when no more failed than its small allowance; failed when even its optimistic bound "
        "does not; else not yet proven, which gives a place on trial.\n"
    )
    asked = table(("code", "metric", "limit", "sentence", "judged"), map(condition_row, PROGRAMMES.asked))
    rules = [(one.code, f"{one.text} / {one.text_zh}", "yes" if one.ends else "") for one in PROGRAMMES.stop_rules.all]
    stops = "## Stop rules\n\nThey hold for every programme; nothing outweighs them.\n\n" + table(
        ("code", "what", "ends the place"), rules
    )
    members = PROGRAMMES.standing
    kept = (
        f"## Members\n\nStop rules are judged every night, all else every {members.every_days} days. "
        f"{members.failures_running} failures running, with at least {members.affected_buyers} buyers let down "
        f"(`{members.affected_metric}`), suspend a place; after its grace it ends with {members.notice_of_end_days} "
        f"days' notice, and the door stays shut for {members.return_days} days. Changed rules bind members "
        f"{members.notice_of_rules_days} days later.\n"
    )
    return "\n".join((intro, *map(programme_text, PROGRAMMES.programmes), f"## Conditions\n\n{asked}", stops, kept))


def pages() -> dict[str, str]:
    """File name -> text."""
    return {
        "checks.md": checks_page(),
        "commands.md": commands_page(),
        "errors.md": errors_page(),
        "events.md": events_page(),
        "failures.md": failures_page(),
        "features.md": features_page(),
        "lint.md": lint_page(),
        "metrics.md": metrics_page(),
        "programmes.md": programmes_page(),
        "reasons.md": reasons_page(),
        "settings.md": settings_page(),
    }


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{REFERENCE.name}/{name}\n")


if __name__ == "__main__":
    main()
