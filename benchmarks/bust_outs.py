"""How much of a bust-out's loss has happened when it is seen, on marketplaces that no model has seen: see `goals`.

Models look every Monday's midnight at the bust-outs (and phoenixes), from the day on which each turns until the
platform removes it or the log ends. The loss is the value of the orders that the truth calls `kept`, money taken for
goods that never came; it happens when the order is placed. A merchant is flagged where p is above that of all but 1 %
(5 %) of the looks at honest merchants of the same marketplace who sold in the month before. Hijacked ones are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.scenarios import DAYS
from benchmarks.unseen import LATER, PAST, Learned, log_of
from features.catalogue import CATALOGUE
from features.engine import build_features
from features.events import Kind
from features.simulator.write import Written
from features.spine import midnight
from training.dataset import inputs_of, matrix_of

__all__ = ["HEAD", "bust_outs"]

#: Of what is learned, what may tell a bust-out.
TELLING = ("bust_out", "refund_loss", "credit")

#: How many honest merchants are looked at, and how often they may be flagged.
HONEST, SHARES = 150, (0.01, 0.05)

#: The stop rule for broken dispatch (scoring/policies/programmes.toml): six failures are half of twelve orders.
KEPT, ORDERS = 0.5, 12
STOP = "stop rule P804"

HEAD = [
    "scenario", "bust-outs", "flagged by", "false alarms: of looks; of merchants, ever",
    "caught before half of the loss", "lost when caught, in the middle", "never flagged",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BustOut:
    """A bust-out: when it turned and was gone, and the orders (k,) that it kept: when placed (us), and cents."""

    merchant_id: str
    turned: datetime
    until: datetime
    placed: npt.NDArray[np.int64]
    cents: npt.NDArray[np.int64]

    def lost_by(self, moment: datetime) -> float:
        """The share of its loss that has happened before a moment."""
        before = self.placed < int(moment.timestamp() * 1_000_000)
        return float(self.cents[before].sum() / self.cents.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """Who was looked at when, whether it sold lately, and what each rule says of it, higher = riskier: (n,) each."""

    merchants: npt.NDArray[np.object_]
    moments: npt.NDArray[np.object_]
    selling: Mask
    said: Mapping[str, Floats]


def bust_outs(name: str, written: Written, learned: Mapping[str, Learned]) -> list[list[str]]:
    """The lines of one marketplace: each rule, at each share of false alarms."""
    weeks, honest = _mondays(), _honest(written)
    learned = {target: learned[target] for target in TELLING if target in learned}
    gone = [one for one in _gone(written) if weeks[0] <= one.turned]
    pairs = [(one.merchant_id, at) for one in gone for at in weeks if one.turned < at <= one.until]
    looks = _look(written, pairs + [(who, at) for who in honest for at in weeks], learned)
    good = np.isin(looks.merchants.astype(str), honest) & looks.selling
    rules = [(rule, share) for rule in looks.said for share in (SHARES if rule in learned else (None,))]
    return [[name, str(len(gone)), *_line(rule, share, gone, looks, good)] for rule, share in rules]


def _line(rule: str, share: float | None, gone: Sequence[BustOut], looks: Looks, good: Mask) -> list[str]:
    """What a rule catches, where it may flag a share of the looks at `good` ones (n,), or does as it is written."""
    said = looks.said[rule]
    flagged = said > (0.5 if share is None else float(np.quantile(said[good], 1 - share)))
    lost = np.array([_lost(one, looks, flagged) for one in gone])
    accused, all_ = (len(set(looks.merchants[which].tolist())) for which in (flagged & good, good))
    return [
        rule, f"{flagged[good].mean():.1%}; {accused} of {all_}", f"{(lost < 0.5).mean():.0%}",
        f"{np.median(lost):.0%}", f"{(lost == 1).mean():.0%}",
    ]  # fmt: skip


def _lost(one: BustOut, looks: Looks, flagged: Mask) -> float:
    """The share of a bust-out's loss at the first look that flags it; 1 where none does."""
    mine = flagged & (looks.merchants == one.merchant_id)
    return one.lost_by(min(looks.moments[mine])) if mine.any() else 1.0


def _gone(written: Written) -> list[BustOut]:
    """The bust-outs that took money for goods that never came."""
    end = LATER + timedelta(days=DAYS)
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(f"""
            SELECT merchant_id, epoch_us(any_value(turned_at)),
                   epoch_us(coalesce(any_value(removed_at), TIMESTAMPTZ '{end} 00:00:00+00')),
                   list(epoch_us(event_time) ORDER BY event_time), list(amount_cents ORDER BY event_time)
            FROM '{written.truth}' JOIN '{written.truth.parent}/truth_orders.parquet' USING (merchant_id)
            JOIN (SELECT merchant_id, order_id, event_time, amount_cents FROM '{written.events}'
                  WHERE event_type = 'order_placed') USING (merchant_id, order_id)
            WHERE archetype IN ('bust_out', 'phoenix') AND what = 'kept' GROUP BY 1 ORDER BY 1""").fetchall()
    return [BustOut(merchant_id=who, turned=_at(turned), until=_at(until), placed=np.array(placed),
                    cents=np.array(cents)) for who, turned, until, placed, cents in rows]  # fmt: skip


def _at(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def _honest(written: Written) -> list[str]:
    """Some merchants who mean well, and sold."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(f"""SELECT merchant_id FROM '{written.truth}' WHERE honest AND n_orders > 0
                                       AND archetype <> 'hijacked' ORDER BY md5(merchant_id) LIMIT {HONEST}""")
        return [who for (who,) in found.fetchall()]


def _mondays() -> list[datetime]:
    """The midnights at which merchants are looked at."""
    days = [LATER + PAST + timedelta(days=day) for day in range(DAYS - PAST.days + 1)]
    return [midnight(day) for day in days if day.weekday() == 0]


def _look(written: Written, pairs: Sequence[tuple[str, datetime]], learned: Mapping[str, Learned]) -> Looks:
    """What each model, and the stop rule for broken dispatch, says of merchants at moments."""
    moments = pa.array([at for _, at in pairs], Kind.TIME.arrow)
    spine = pa.table({"merchant_id": pa.array([who for who, _ in pairs], pa.string()), "as_of": moments})
    inputs = {target: inputs_of(one.recipe) for target, one in learned.items()}
    names = {feature.name for chosen in inputs.values() for feature in chosen}
    names |= {"n_orders_30d", "n_orders_90d", "dispatch_kept_rate_90d_capped"}
    rows = build_features(log_of(written), spine, features=[one for one in CATALOGUE if one.name in names])
    said = {target: one.model.p(matrix_of(rows, inputs[target])) for target, one in learned.items()}
    broken = (rows["dispatch_kept_rate_90d_capped"].to_numpy() < KEPT) & (rows["n_orders_90d"].to_numpy() >= ORDERS)
    return Looks(
        merchants=np.array(rows["merchant_id"].to_pylist(), dtype=object),
        moments=np.array([at for _, at in pairs], dtype=object),
        selling=rows["n_orders_30d"].to_numpy() > 0, said={**said, STOP: broken.astype(np.float64)},
    )  # fmt: skip
