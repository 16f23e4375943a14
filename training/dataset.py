"""The rows to learn from: merchants at the beginnings of months, with what was known then and what came of it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import CATALOGUE, FAMILIES, INPUTS
from features.catalogue.feature import Feature
from features.engine import build_features
from features.labels import labels_of
from features.log import EventLog
from features.partition import Accepted, divided
from features.progress import Watch, silently
from training.columns import ColumnInput
from training.errors import LabelsMissing, RecipeBroken, TooLittleToLearnFrom
from training.recipe import Recipe
from training.recipe_inputs import unmatched
from training.segments import AGES, SIZES, TRADE, grouped

__all__ = [
    "ACTS", "Dataset", "Declared", "Hidden", "build_dataset", "groups_of", "inputs_of", "matrix_of", "monthly_spine",
    "seen_by", "silent_in",
]  # fmt: skip

Mask = npt.NDArray[np.bool_]


#: A model input with the words for it: a feature of the catalogue, or what a table's column becomes.
Declared = Feature | ColumnInput


@dataclass(frozen=True, kw_only=True, eq=False)
class Hidden:
    """Rows without a label, since their merchants were removed: inputs (h, k), merchants and moments (h,)."""

    X: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    merchants: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, dtype=object))
    as_of: npt.NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, dtype="datetime64[us]"))

    def between(self, first: np.datetime64, last: np.datetime64) -> "Hidden":
        """Those of some moments, both inclusive."""
        mine = (self.as_of >= first) & (self.as_of <= last)
        return Hidden(X=self.X[mine], merchants=self.merchants[mine], as_of=self.as_of[mine])


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Mature, labelled rows in order of moment and merchant, so that a log's order of events never matters.

    `X` (n, k) float64 holds the inputs without nulls, `y` (n,) int8 the labels, 1 = bad, `merchants` (n,) ids,
    `as_of` (n,) datetime64[us] in UTC (NaT: not known) and `weight` (n,) float64 how much each row counts in learning
    (left away: one).
    `groups` name each row's category, region, size, age and trade, (n,) each; no model sees them as such. `acts`
    (n, m) are the platform's own acts, of the names in `acted`, null as -1: for comparison only. `silent` (n, k) tells
    where there is no evidence behind an input: what people see in its stead is null. `known` (n,) datetime64[us] is
    when each label was known, and `reasons` (n,) tells why it is what it is; both are empty where nobody knows.
    `hidden` are the rows of the same moments whose merchants were removed before their label could be seen. `faults`
    tells how many of the orders behind the labels went wrong by whose fault.
    """

    inputs: tuple[Declared, ...]
    X: npt.NDArray[np.float64]
    y: npt.NDArray[np.int8]
    merchants: npt.NDArray[np.object_]
    as_of: npt.NDArray[np.datetime64]
    weight: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    groups: Mapping[str, npt.NDArray[np.object_]] = field(default_factory=dict)
    acted: tuple[str, ...] = ()
    acts: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    silent: Mask = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    known: npt.NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, dtype="datetime64[us]"))
    reasons: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, dtype=object))
    hidden: Hidden = field(default_factory=Hidden)
    faults: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    def __post_init__(self) -> None:
        """Refuse a null: it would slip past the monotone constraints."""
        if not len(self.weight):
            object.__setattr__(self, "weight", np.ones(len(self.y)))
        if not len(self.silent):
            object.__setattr__(self, "silent", np.zeros(self.X.shape, dtype=np.bool_))
        for position, one in enumerate(self.inputs):
            if not np.isfinite(self.X[:, position]).all():
                raise TooLittleToLearnFrom(f"input {one.name} is null somewhere; a model input always has a value")

    def where(self, mask: Mask) -> "Dataset":
        """The rows under a mask (n,)."""
        return Dataset(
            inputs=self.inputs,
            X=self.X[mask],
            y=self.y[mask],
            merchants=self.merchants[mask],
            as_of=self.as_of[mask],
            weight=self.weight[mask],
            groups={dimension: names[mask] for dimension, names in self.groups.items()},
            acted=self.acted,
            acts=self.acts[mask] if self.acted else self.acts,
            silent=self.silent[mask],
            known=self.known[mask] if len(self.known) else self.known,
            reasons=self.reasons[mask] if len(self.reasons) else self.reasons,
            hidden=self.hidden.between(self.as_of[mask].min(), self.as_of[mask].max()) if mask.any() else Hidden(),
            faults=self.faults,
        )

    def column(self, name: str) -> int:
        """Where an input stands; raises RecipeBroken for a name that is none."""
        for position, feature in enumerate(self.inputs):
            if feature.name == name:
                return position
        raise RecipeBroken("baseline.feature", f"is {name!r}, which is no model input")

    @property
    def bad(self) -> int:
        """How many rows are bad."""
        return int(self.y.sum())

    @property
    def heads(self) -> int:
        """How many merchants the rows are of; their months are kin, so no more than this is independent."""
        return len(set(self.merchants.tolist()))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all that is learned from: declarations, inputs, labels, merchants, moments, weights."""
        parts = hashlib.sha256()
        for feature in self.inputs:
            parts.update(f"{feature.name}\n{feature.declaration()}\n".encode())
        parts.update("\n".join(self.merchants.astype(str)).encode())
        for array in (self.as_of.astype(np.int64), self.y, self.X, self.weight):
            parts.update(np.ascontiguousarray(array).tobytes())
        return parts.hexdigest()


def inputs_of(recipe: Recipe) -> tuple[Feature, ...]:
    """The catalogue's inputs that the recipe admits, and the baseline's, in the catalogue's order.

    Raises RecipeBroken where the recipe names what the catalogue does not hold.
    """
    _check_names(recipe)
    wanted, family = recipe.inputs, {one.name: name for name, features in FAMILIES.items() for one in features}
    chosen = tuple(one for one in INPUTS if wanted.admits(one.name, family[one.name]) or one.name == recipe.baseline)
    if recipe.baseline not in {one.name for one in chosen}:
        raise RecipeBroken("baseline.feature", f"is {recipe.baseline!r}, which is no model input of the catalogue")
    return chosen


def _check_names(recipe: Recipe) -> None:
    """Refuse a family, or a pattern, that stands for nothing: it would leave in what it was to leave out."""
    for name in recipe.inputs.families:
        if name not in FAMILIES:
            raise RecipeBroken("inputs", f"names {name!r}, which is no family of the catalogue: {', '.join(FAMILIES)}")
    named = {"inputs.only": recipe.inputs.only, "inputs.never": recipe.inputs.never}
    for key, patterns in {**named, "constraints.free": recipe.constraints.free}.items():
        for pattern in unmatched(patterns, (one.name for one in INPUTS)):
            raise RecipeBroken(key, f"holds {pattern!r}, which is the name of no model input")


def build_dataset(
    log: EventLog,
    recipe: Recipe,
    *,
    until: datetime | None = None,
    heard: Callable[[Accepted], None] | None = None,
    watch: Watch = silently,
) -> Dataset:
    """Features and labels of a log, joined; only rows whose label is mature before `until` and not null.

    `heard` is told what became of the log's rows, `watch` how the work goes on. Raises LabelsMissing when the log has
    no bad merchant of the target, TooLittleToLearnFrom when it is too short.
    """
    inputs = inputs_of(recipe)
    spine = monthly_spine(log, recipe, until=until)
    labels = labels_of(log, spine, recipe.label, watch=watch)
    told = pc.or_(pc.is_valid(labels.rows["label"]), labels.rows["censored"])
    mature = labels.rows.filter(pc.and_(labels.rows["mature"], told))
    mature = mature.sort_by([("as_of", "ascending"), ("merchant_id", "ascending")])
    labelled = pc.is_valid(mature["label"])
    if not pc.any(pc.equal(mature["label"], 1)).as_py():
        count = pc.sum(labelled).as_py() or 0
        raise LabelsMissing(recipe.target, f"{spine.num_rows} merchant-months, {count} labelled, none bad")
    asked = seen_by(inputs, ACTS if recipe.acts else ())
    rows = build_features(log, mature.select(["merchant_id", "as_of"]), features=asked, heard=heard, watch=watch)
    hidden = rows.filter(pc.invert(labelled))
    return replace(
        _labelled(recipe, inputs, rows.filter(labelled), mature.filter(labelled)),
        hidden=Hidden(X=matrix_of(hidden, inputs), merchants=_names(hidden), as_of=_moments(hidden)),
        faults=labels.parties,
    )


def _labelled(recipe: Recipe, inputs: tuple[Feature, ...], rows: pa.Table, labels: pa.Table) -> Dataset:
    acts = ACTS if recipe.acts else ()
    return Dataset(
        inputs=inputs,
        X=matrix_of(rows, inputs),
        y=labels["label"].to_numpy().astype(np.int8),
        merchants=_names(rows),
        as_of=_moments(rows),
        known=_moments(labels, "known_at"),
        reasons=labels["reason"].to_numpy(zero_copy_only=False).astype(object),
        groups=groups_of(rows),
        acted=tuple(one.name for one in acts),
        acts=np.nan_to_num(matrix_of(rows, acts), nan=-1.0) if acts else np.zeros((0, 0)),
        silent=silent_in(rows, inputs),
    )


def _names(rows: pa.Table) -> npt.NDArray[np.object_]:
    return np.asarray(rows["merchant_id"].to_numpy(zero_copy_only=False).astype(object))


def _moments(rows: pa.Table, column: str = "as_of") -> npt.NDArray[np.datetime64]:
    return np.asarray(rows[column].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]"))


#: The platform's own acts: numbers of a quarter, or of all time.
ACTS = tuple(one for one in CATALOGUE if one.cause == "platform" and one.days in (90, None) and one.unit != "category")

#: What groups are told by.
_GROUPED = ("category", "region", "n_orders_365d", "days_since_registered", "days_since_last_order")


def seen_by(inputs: Sequence[Feature], more: Sequence[Feature] = ()) -> tuple[Feature, ...]:
    """The inputs, what people see in their stead, what groups are told by, and more: in the catalogue's order."""
    names = {name for one in (*inputs, *more) for name in (one.name, one.shows)} | set(_GROUPED)
    return tuple(one for one in CATALOGUE if one.name in names)


def silent_in(rows: pa.Table, inputs: Sequence[Feature]) -> Mask:
    """Where there is no evidence behind an input: (n, k)."""
    shown = [rows[one.shows or one.name].is_null().to_numpy() for one in inputs]
    return np.column_stack(shown) if shown else np.zeros((rows.num_rows, 0), dtype=np.bool_)


def groups_of(rows: pa.Table) -> dict[str, npt.NDArray[np.object_]]:
    """The group of each row by each dimension, (n,)."""
    category, region, orders, days, idle = (rows[name].to_pylist() for name in _GROUPED)
    named = {"category": category, "region": region}
    return {
        **{name: np.array([one or "not known" for one in values], dtype=object) for name, values in named.items()},
        "size": grouped(orders, SIZES),
        "age": grouped(days, AGES),
        "trade": grouped(idle, TRADE),
    }


def matrix_of(rows: pa.Table, inputs: Sequence[Feature]) -> npt.NDArray[np.float64]:
    """Some features as numbers, (n, k)."""
    columns = [rows[one.name].cast(pa.float64()).to_numpy() for one in inputs]
    return np.column_stack(columns).astype(np.float64)


def monthly_spine(log: EventLog, recipe: Recipe, *, until: datetime | None = None) -> pa.Table:
    """Every merchant at each first midnight of a month (UTC) before which it was known and after which labels mature.

    Columns merchant_id, as_of. The months end early enough for horizon and delay to fit before the log's end, or
    before `until` if that is sooner. Raises TooLittleToLearnFrom when no month is left.
    """
    first_known, last_known = _first_known(log)
    end = last_known if until is None else min(last_known, until)
    moments = [
        moment
        for moment in _months(min(first_known.values()), end - recipe.label.gap)
        if _inside(moment.date(), recipe.spine.first, recipe.spine.last)
    ]
    pairs = [(one, moment) for moment in moments for one, known in sorted(first_known.items()) if known < moment]
    if not pairs:
        gap = recipe.label.gap.days
        before = "its end" if until is None else f"{end:%Y-%m-%d}"
        raise TooLittleToLearnFrom(f"no month of the log lies at least {gap} days (horizon and delay) before {before}")
    ids, when = zip(*pairs, strict=True)
    return pa.table({"merchant_id": pa.array(ids), "as_of": pa.array(when, type=pa.timestamp("us", tz="UTC"))})


def _inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _months(after: datetime, last: datetime) -> Iterator[datetime]:
    """First midnights of months in (after, last]."""
    year, month = after.year, after.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        moment = datetime.combine(date(year, month, 1), time(), tzinfo=UTC)
        if moment > last:
            return
        yield moment


def _first_known(log: EventLog) -> tuple[dict[str, datetime], datetime]:
    """When each merchant's first event became known, and when the log's last one did."""
    with divided(log, ("event_id",), parts=1) as parted:
        if not parted.merchants:
            raise TooLittleToLearnFrom("the log holds no event")
        first = {name: _moment(parted.first_known[number]) for name, number in parted.merchants.items()}
        return first, _moment(parted.last_known)


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))
