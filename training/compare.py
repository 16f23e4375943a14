"""Two versions side by side: on the rows on which both were tested, and on record where there are none."""

import io
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from training.evaluate import MOST_OFF, Evaluation, Figure, difference, evaluate
from training.psi import SHIFTED
from training.registry import LABEL, TEST_FILE, Version
from training.segments import MOST

__all__ = ["Comparison", "Records", "compare", "shortcomings"]

#: Rows on which both were tested; with fewer a paired difference says nothing (own proposal).
_LEAST_SHARED = 100

#: The figures by which `shortcomings` judges; `train` puts them all on record.
_JUDGED_BY = (
    "auc", "ece", "ece_by_chance", "gain.auc", "gain.auc.high", "score_psi", "score_psi_bound", "unfair_ratio",
)  # fmt: skip


class Records(Protocol):
    """What a comparison asks of the registry."""

    def version(self, target: str, version: str) -> Version:
        """One version; raises VersionUnknown."""
        ...

    def file(self, target: str, version: str, name: str) -> bytes | None:
        """A file of the version's report, None where it has none of this name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Versions `first` and `second` on the rows on which both were tested; `gain` is the second's AUC less the first's.

    Where they share too few rows, the evaluations and the gain are None, and only what is on record can be told.
    """

    first: Version
    second: Version
    shared: int
    judged: tuple[Evaluation, Evaluation] | None
    gain: Figure | None

    @property
    def verdict(self) -> str:
        """Which is better, in words."""
        if self.gain is None:
            return f"cannot be paired: they were tested on {self.shared} common rows"
        if self.gain.low > 0:
            return f"{self.second.version} is better"
        if self.gain.high < 0:
            return f"{self.first.version} is better"
        return "no difference beyond chance"

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        sides = zip(("first", "second"), (self.first, self.second), self.judged or (None, None), strict=True)
        return {
            "shared_rows": self.shared,
            "verdict": self.verdict,
            "auc_gain": asdict(self.gain) if self.gain else None,
            **{side: {"version": one.version, "on_record": dict(one.metrics), "shared": judged and _figures(judged)}
               for side, one, judged in sides},
        }  # fmt: skip


def compare(records: Records, target: str, first: str, second: str, *, resamples: int = 1000) -> Comparison:
    """Pair two versions on the test rows, labels alike, that both have on record. Raises VersionUnknown."""
    one, other = records.version(target, first), records.version(target, second)
    both = _both(records.file(target, first, TEST_FILE), records.file(target, second, TEST_FILE))
    if both is None or both.num_rows < _LEAST_SHARED or len(pc.unique(both["label"])) < 2:
        return Comparison(first=one, second=other, shared=both.num_rows if both else 0, judged=None, gain=None)
    y = both["label"].to_numpy().astype(np.int8)
    p, q = both["p"].to_numpy(), both["q"].to_numpy()
    merchants = both["merchant_id"].to_numpy(zero_copy_only=False).astype(object)
    return Comparison(
        first=one,
        second=other,
        shared=both.num_rows,
        judged=(
            evaluate(y, p, merchants, resamples=resamples),
            evaluate(y, q, merchants, resamples=resamples),
        ),
        gain=difference(y, q, p, merchants, resamples=resamples),
    )


def _both(first: bytes | None, second: bytes | None) -> pa.Table | None:
    """The rows of both: merchant_id, as_of, label, the first's p and the second's q."""
    if first is None or second is None:
        return None
    one, other = pq.read_table(io.BytesIO(first)), pq.read_table(io.BytesIO(second))
    other = other.rename_columns({"p": "q"})
    keys = ["merchant_id", "as_of", "label"]
    return one.join(other, keys=keys, join_type="inner").sort_by([(key, "ascending") for key in keys])


def shortcomings(version: Version, comparison: Comparison | None) -> list[str]:
    """Why a version should not become champion: worse than a shrunk rate or the present one, of another label than
    that, less stable, uncalibrated, unfair; or nobody can tell.
    """
    figures = version.metrics
    missing = [name for name in _JUDGED_BY if name not in figures]
    if missing:
        return [f"it cannot be judged: no {', '.join(missing)} on record"]
    found = [_other_label(comparison), _worse(comparison)] if comparison else []
    if figures["gain.auc.high"] < 0.0:
        found.append(f"it loses to one shrunk past rate: AUC gain {figures['gain.auc']:.3f}, beyond chance")
    off = figures["ece"] - figures["ece_by_chance"]
    if off > MOST_OFF:
        found.append(f"it is uncalibrated: its error is {off:.3f} above what chance shows, and {MOST_OFF} is the most")
    if comparison:
        moved, before = figures["score_psi"], comparison.first.metrics.get("score_psi", 0.0)
        if moved > max(SHIFTED, figures["score_psi_bound"], before):
            found.append(f"it is less stable: from training to test its scores moved by a PSI of {moved:.2f}")
    if figures["unfair_ratio"] > MOST:
        found.append(
            f"it is unfair: it refuses good merchants of one region, size or age {figures['unfair_ratio']:.2f} times "
            f"as often as all others, and {MOST} is the most (see its report)"
        )
    return [one for one in found if one]


def _other_label(comparison: Comparison) -> str:
    """Whether the two call different things bad; what only one of them states is younger than the other."""
    then, now = comparison.first.label, comparison.second.label
    if not then or not now:
        return "what is bad to it, or to the champion, is not on record, so their figures do not compare"
    other = sorted(key.removeprefix(LABEL) for key in then.keys() & now.keys() if then[key] != now[key])
    if not other:
        return ""
    return (
        f"it was made for another label than champion {comparison.first.version} ({', '.join(other)}), so their "
        "figures do not compare"
    )


def _worse(comparison: Comparison) -> str:
    """By the paired difference; where there is none by the two AUCs on record, each of its own rows."""
    first, second = comparison.first, comparison.second
    if comparison.gain is not None:
        if comparison.gain.high >= 0:
            return ""
        return f"it is worse than champion {first.version}: AUC {comparison.gain} on {comparison.shared:,} common rows"
    auc, best = second.metrics["auc"], first.metrics.get("auc")
    if best is None:
        return f"it cannot be held against champion {first.version}, of which no AUC is on record"
    if auc >= best:
        return ""
    return (
        f"it is worse on record: out-of-time AUC {auc:.4f}, champion {first.version} has {best:.4f} "
        "(each on its own test rows)"
    )


def _figures(judged: Evaluation) -> dict[str, Any]:
    return {name: asdict(figure) for name, figure in judged.figures.items()}
