"""What Prometheus is told of challengers: how they differ from champions, and where they failed; read from the store,
so that it is the same whichever process judged or is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection

from serving import store_due, store_shadow
from serving.shadow_decisions import FAILED
from serving.shadow_report import GRADES, Agreement
from serving.store_shadow import Outcome, Pair

__all__ = ["shadow_figures"]

#: Decisions are counted over the day before the look.
_DECIDED_WITHIN = timedelta(days=1)


def shadow_figures(tx: Connection, *, now: datetime) -> Iterator[Metric]:
    """Merchants of each challenger's newest day by its opinion, and decisions of a day by whether it agrees."""
    merchants = GaugeMetricFamily(
        "goodfaith_shadow_merchants",
        "Merchants of a challenger's newest day by its opinion beside the champion's; failed: it gave none",
        labels=("target", "challenger", "opinion"),
    )
    decisions = GaugeMetricFamily(
        "goodfaith_shadow_decisions",
        "Decisions of the last 24 hours, by whether the challenger would have decided alike",
        labels=("target", "challenger", "kind", "agreement"),
    )
    for target, version in store_due.challengers(tx).items():
        pair = store_shadow.newest_pair(tx, target)
        if pair and pair.challenger == version:
            for opinion, count in _opinions(tx, pair).items():
                merchants.add_metric((target, version, opinion), count)
            for (kind, agreement), count in _agreements(tx, pair, since=now - _DECIDED_WITHIN).items():
                decisions.add_metric((target, version, kind, agreement), count)
    yield from (merchants, decisions)


def _opinions(tx: Connection, pair: Pair) -> Mapping[str, int]:
    day = store_shadow.newest_day(tx, pair)
    if day is None:
        return {}
    told = Agreement(grades=GRADES[pair.target], counts=store_shadow.grades_of_day(tx, pair, day=day))
    # On a day that is over, a merchant may have been judged again since; on the newest one nobody has.
    failed = max(store_due.judged_on(tx, day) - told.judged, 0)
    return {"alike": told.alike, "riskier": told.riskier, "safer": told.safer, "failed": failed}


def _agreements(tx: Connection, pair: Pair, *, since: datetime) -> Mapping[tuple[str, str], int]:
    found: Sequence[Outcome] = store_shadow.outcomes(tx, pair, since=since)
    counts = {(one.kind, agreement): 0 for one in found for agreement in ("alike", "different", FAILED)}
    for one in found:
        agreement = FAILED if one.shadow == FAILED else "alike" if one.live == one.shadow else "different"
        counts[one.kind, agreement] += one.decisions
    return counts
