"""Rows of the policy of fast refunds: every band, state and buyer has one, and none is kinder than a safer one's."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from scoring.lint.draft import Draft, shown
from scoring.lint.places import Path
from scoring.lint.rules import Finding
from scoring.policy_text import BAND_NAMES

__all__ = ["refund_rows"]

_STATES = ("paid", "shipped", "delivered", "confirmed")


def refund_rows(draft: Draft) -> Iterator[Finding]:
    """What is wrong with the rows of a policy of fast refunds."""
    yield from _buyers(draft)
    yield from _tiers(draft)
    yield from _of_bands(draft, ("loss", "merchant_defaults"), more_is_kinder=False)
    yield from _of_bands(draft, ("fund", "merchant_30d_cents"), more_is_kinder=True)
    yield from _losses(draft)
    yield from _strangers(draft)


def _buyers(draft: Draft) -> Iterator[Finding]:
    rows = [path for path, _ in draft.tables("buyer_bands")]
    least = [number for path in rows if (number := draft.number(*path, "from")) is not None]
    if least and min(least) > 0:
        yield draft.found("L311", (*rows[-1], "from"), gap=f"0-{min(least) - 1:g}")
    for better, worse in pairwise(rows):
        above, below = draft.number(*better, "from"), draft.number(*worse, "from")
        if above is not None and below is not None and below >= above:
            yield draft.found("L321", (*worse, "from"), other=shown(better), what=f"{below:g}-1000")
    yield from _falling(draft, [(*row, "risk") for row in rows], more_is_kinder=False)


def _tiers(draft: Draft) -> Iterator[Finding]:
    """No tier rises for a worse merchant or a worse buyer, or lies above what the fund may have out."""
    buyers = [f"{table.get('name')}" for _, table in draft.tables("buyer_bands")]
    yield from _missing(draft, ("tiers",), BAND_NAMES)
    for buyer in buyers:
        yield from _falling(draft, [("tiers", band, buyer) for band in BAND_NAMES], more_is_kinder=True)
    for band in BAND_NAMES:
        if draft.at("tiers", band) is not None:
            yield from _missing(draft, ("tiers", band), buyers)
        yield from _falling(draft, [("tiers", band, buyer) for buyer in buyers], more_is_kinder=True)
        for buyer in buyers:
            yield from _within_the_fund(draft, ("tiers", band, buyer), band)


def _within_the_fund(draft: Draft, tier: Path, band: str) -> Iterator[Finding]:
    value = draft.number(*tier)
    for limit in (("fund", "buyer_90d_cents"), ("fund", "merchant_30d_cents", band)):
        most = draft.number(*limit)
        if value is not None and most is not None and value > most:
            yield draft.found("L302", tier, value=value, other=shown(limit), than=most)


def _of_bands(draft: Draft, path: Path, *, more_is_kinder: bool) -> Iterator[Finding]:
    yield from _missing(draft, path, BAND_NAMES)
    yield from _falling(draft, [(*path, band) for band in BAND_NAMES], more_is_kinder=more_is_kinder)


def _losses(draft: Draft) -> Iterator[Finding]:
    yield from _missing(draft, ("loss", "not_back"), _STATES)
    for state in _STATES:
        if draft.at("loss", "not_back", state) is not None:
            yield from _missing(draft, ("loss", "not_back", state), ("otherwise",))
    # What is on its way or has come is less sure to come back than what has not left.
    states = [("loss", "not_back", state, "otherwise") for state in _STATES]
    yield from _falling(draft, states, more_is_kinder=False)


def _strangers(draft: Draft) -> Iterator[Finding]:
    """A buyer of whom nothing is known gets no more, and is taken for no safer, than the best that is known."""
    most = {path: draft.number(*path) for path, _ in draft.leaves(("tiers",))} if draft.at("tiers") else {}
    best = max(((value, path) for path, value in most.items() if value is not None), default=None)
    cap = draft.number("unknown_buyer_cents")
    if best and cap is not None and cap > best[0]:
        yield draft.found("L302", ("unknown_buyer_cents",), value=cap, other=shown(best[1]), than=best[0])
    yield from _falling(draft, [("buyer_bands", 0, "risk"), ("unknown_buyer_risk",)], more_is_kinder=False)


def _missing(draft: Draft, path: Path, names: Sequence[str]) -> Iterator[Finding]:
    table = draft.at(*path)
    for name in names:
        if not isinstance(table, dict) or name not in table:
            yield draft.found("L311", path, gap=name)


def _falling(draft: Draft, rows: Sequence[Path], *, more_is_kinder: bool) -> Iterator[Finding]:
    """Rows with more risk from one to the next, of which none may be kinder than the one before."""
    for safer, riskier in pairwise(rows):
        value, than = draft.number(*riskier), draft.number(*safer)
        if value is None or than is None:
            continue
        if (value > than) if more_is_kinder else (value < than):
            yield draft.found("L331", riskier, value=value, other=shown(safer), than=than)
