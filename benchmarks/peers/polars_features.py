"""The columns of contracts 3.2 in Polars, as fast as we could make it: a peer of our own engine.

What it may assume is what the DuckDB peer may, and days decide there too: `c` is the day of an event's clock, `e` the
first midnight at which it counts, `x` that from which it no longer does. A window is not joined with its events but
is a difference of two running sums (`Spine.windows`): each event is booked at the first spine row of its merchant that
counts it and taken off at the first that is past it, and the columns are added up down the spine. The few orders and
buyers that reversals and second cancellations touch are worked out pair by pair, as in the DuckDB peer. Tried for
its parts (5 M events, 100,000 rows, 2 busy cores, CPU seconds; the whole file takes 7 to 9):

- the orders' two sums in all windows by running sums: 0.42 (used); by join and filter: 0.57; by `join_where` the
  longest window alone: 0.28, so four windows cost more;
- reading with all 21 columns joined with the merchants: 5.2; only what each event type needs: 3.3 (used);
- ids of orders and buyers as categories, so that joins are on integers (used); ids as texts were not followed.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from polars_measures import (
    COLUMNS,
    COUNTS,
    DAYS,
    FAULT,
    FREQUENT,
    FREQUENT_COLUMNS,
    IS_DEFECT,
    KIND,
    NEVER,
    OWED,
    RARE,
    RARE_COLUMNS,
    RARE_TYPES,
    RATES,
    TOUCHED,
)


def day(column: str) -> pl.Expr:
    """The day of a time, counted from 1970."""
    return (pl.col(column).dt.epoch("us") // 86_400_000_000).cast(pl.Int32)


class Spine:
    """The spine in the order of merchant and day, and what was booked on its rows so far."""

    def __init__(self, path: Path) -> None:
        asked = pl.read_parquet(path).with_row_index("i")
        self.merchants = asked.select(pl.col("merchant_id").unique()).with_row_index("m")
        named = asked.join(self.merchants, on="merchant_id").with_columns(d=day("as_of"))
        self.rows = named.with_columns(pl.col("m").cast(pl.Int32)).sort("m", "d")
        self._count = self.rows.height
        self._first, self._span = self.rows["d"].min(), self.rows["d"].max() - self.rows["d"].min() + 2
        cell = self.rows.select(cell=pl.col("m") * self._span + pl.col("d") - self._first)
        held = self._dense(cell.group_by("cell").len(), "cell", self.merchants.height * self._span)["len"]
        #: How many rows stand before each day of each merchant.
        self._places = (held.cum_sum() - held).cast(pl.Int32)
        self._booked: dict[str, pl.Series] = {}

    def place(self, at: pl.Expr) -> pl.Expr:
        """The first row of an event's merchant at or after a day; where there is none, the next merchant's first."""
        cell = pl.col("m") * self._span + (at - self._first).clip(0, self._span - 1)
        return pl.lit(self._places).gather(cell)

    def book(self, facts: pl.DataFrame, amounts: dict[str, pl.Expr], *, clock: str = "c", known: pl.Expr | None = None,
             sign: int = 1) -> None:  # fmt: skip
        """Count amounts of the facts (with `m` and a clock) in every window, from `known` on."""
        known = pl.col("e") if known is None else known
        entered = pl.max_horizontal(pl.col(clock) + 1, known)
        leaving = {str(n): self.place(pl.max_horizontal(pl.col(clock) + 1 + n, known)) for n in DAYS}
        weighed = {name: amount.cast(pl.Int64) for name, amount in amounts.items()}
        placed = facts.select(enter=self.place(entered), **leaving, **weighed)
        sums = [pl.col(name).sum() for name in amounts]
        enter = self._dense(placed.group_by("enter").agg(sums), "enter", self._count + 1)
        for n in DAYS:
            leave = self._dense(placed.group_by(str(n)).agg(sums), str(n), self._count + 1)
            for name in amounts:
                moved = (enter[name] - leave[name]) * sign
                before = self._booked.get(f"{name}_{n}")
                self._booked[f"{name}_{n}"] = moved if before is None else before + moved

    def windows(self) -> pl.DataFrame:
        """What was booked, added up: one row for each of `rows`."""
        sums = [booked.cum_sum().head(self._count).alias(name) for name, booked in self._booked.items()]
        return pl.DataFrame([self.rows["i"], *sums])

    def latest(self, events: pl.DataFrame) -> pl.DataFrame:
        """The latest clock among those events of each row's merchant that count by then."""
        height = (pl.col("m").cast(pl.Int64) + 1) * NEVER + pl.col("c")
        placed = events.select(place=self.place(pl.col("e")), height=height)
        highest = self._dense(placed.group_by("place").agg(pl.col("height").max()), "place", self._count + 1)
        running = highest["height"].cum_max().head(self._count)
        own = running // NEVER == self.rows["m"] + 1
        return self.rows.select("i", latest=pl.when(own).then(running % NEVER))

    def pairs(self, events: pl.DataFrame) -> pl.DataFrame:
        """Every row with every event of its merchant that counts then."""
        met = self.rows.select("i", "m", "d").join(events, on="m")
        return met.filter((pl.col("e") <= pl.col("d")) & (pl.col("d") < pl.col("x")))

    def _dense(self, sums: pl.DataFrame, place: str, count: int) -> pl.DataFrame:
        every = pl.DataFrame({place: pl.int_range(count, dtype=sums.schema[place], eager=True)})
        return every.join(sums, on=place, how="left", maintain_order="left").fill_null(0)


@dataclass(frozen=True, kw_only=True)
class Log:
    """The events of the spine's merchants by type, each with its `row` in the log; when which were taken back."""

    of: dict[str, pl.DataFrame]
    rare: pl.DataFrame
    gone: pl.DataFrame
    back: pl.DataFrame

    @classmethod
    def read(cls, path: Path, merchants: pl.DataFrame) -> "Log":
        """Read the columns that are needed, once; ids of orders and buyers as numbers of their own, one to one."""
        named = merchants.select("merchant_id", pl.col("m").cast(pl.Int32)).lazy()
        events = pl.read_parquet(path, columns=COLUMNS).with_row_index("row").lazy()

        def chosen(condition: pl.Expr, columns: list[str]) -> pl.LazyFrame:
            own = events.filter(condition).select("row", "merchant_id", "event_time", "known_at", *columns)
            own = own.join(named, on="merchant_id").drop("merchant_id")
            keys = {"order_id": "order", "buyer_id": "buyer"}
            made = [_key(column).alias(name) for column, name in keys.items() if column in columns]
            days = {"c": day("event_time"), "e": day("known_at") + 1}
            return own.with_columns(*made, **days).drop("known_at", *keys, strict=False)

        reversals = chosen(KIND == "event_reversed", ["reverses"]).group_by("m", event_id="reverses")
        back = _taken_back(path, named, reversals.agg(x=pl.col("e").min()).collect())
        asked = [chosen(name == KIND, ["event_type", *columns]) for name, columns in FREQUENT_COLUMNS.items()]
        asked.append(chosen(KIND.is_in(RARE_TYPES), ["event_type", *RARE_COLUMNS]))
        taken = pl.col("row").is_in(back["row"].implode()) & (KIND != "event_reversed")
        asked.append(chosen(taken, ["event_type", "order_id", "ship_by", "deliver_by", "stars", "reply_seconds"]))
        *found, rare, gone = pl.collect_all(asked)
        log = cls(of=dict(zip(FREQUENT_COLUMNS, found, strict=True)), rare=rare, gone=gone, back=back)
        return replace(log, rare=log.until(rare), gone=log.until(gone).with_columns(x=pl.max_horizontal("x", "e")))

    def until(self, events: pl.DataFrame) -> pl.DataFrame:
        """Some events with the day from which each no longer counts."""
        return events.join(self.back, on="row", how="left").with_columns(pl.col("x").fill_null(NEVER))


def _key(column: str) -> pl.Expr:
    """An id of a merchant's as a number: one to one."""
    return pl.col("m").cast(pl.Int64) * 2**32 + pl.col(column).cast(pl.Categorical).to_physical()


def _taken_back(path: Path, named: pl.LazyFrame, reversals: pl.DataFrame) -> pl.DataFrame:
    """Which rows of the log are taken back, and the day from which that is known."""
    ids = pl.scan_parquet(path, row_index_name="row").select("row", "merchant_id", "event_id")
    some = ids.filter(pl.col("event_id").is_in(reversals["event_id"].unique().implode()))
    return some.join(named, on="merchant_id").join(reversals.lazy(), on=["m", "event_id"]).select("row", "x").collect()


def book_sums(spine: Spine, log: Log) -> None:
    """Count what is one event each; what was taken back is taken off again from the day of the reversal on."""
    back = log.rare.filter(pl.col("x") < NEVER)
    spine.book(log.rare, RARE)
    spine.book(back, RARE, known=pl.max_horizontal("x", "e"), sign=-1)
    for kind, (deadline, amounts) in FREQUENT.items():
        for events, known, sign in ((log.of[kind], "e", 1), (log.gone.filter(event_type=kind), "x", -1)):
            carrying = events if deadline is None else events.rename({deadline: "by"}).drop_nulls("by")
            spine.book(carrying, amounts, known=pl.col(known), sign=sign)


@dataclass(frozen=True, kw_only=True)
class Touched:
    """The orders that a reversal or a second cancellation touches, and their buyers."""

    orders: pl.Series
    buyers: pl.Series
    events: pl.DataFrame

    @classmethod
    def of(cls, log: Log) -> "Touched":
        """Find them."""
        twice = log.rare.filter(event_type="order_cancelled").group_by("order").len().filter(pl.col("len") > 1)
        orders = pl.concat([log.gone["order"], twice["order"]]).drop_nulls().unique()
        kinds = ["order_cancelled", "dispute_resolved", "refund_paid"]
        rare = log.rare.filter(KIND.is_in(kinds)).drop("x")
        frequent = [log.of[kind] for kind in ("order_placed", "order_shipped", "order_delivered", "review_posted")]
        some = [part.filter(pl.col("order").is_in(orders.implode())) for part in (rare, *frequent)]
        events = log.until(pl.concat(some, how="diagonal"))
        buyers = events.filter(event_type="order_placed")["buyer"].drop_nulls().unique()
        return cls(orders=orders, buyers=buyers, events=events)


def _since(events: pl.DataFrame, **named: pl.Expr) -> pl.DataFrame:
    return events.select("order", **named)


def orders_of(log: Log, touched: Touched) -> pl.DataFrame:
    """Every other order with what became of it, and since when that is known; `NEVER` for what did not happen."""
    low = log.of["review_posted"].filter(pl.col("stars") <= 2).select("order", "e")
    defects = pl.concat([low, log.rare.filter(IS_DEFECT).select("order", "e")])
    cancelled = log.rare.filter(event_type="order_cancelled").unique("order")
    excused = (pl.col("actor") != "merchant").fill_null(False)
    joined = {
        "order_shipped": _since(log.of["order_shipped"], st=pl.col("event_time"), se=pl.col("e")),
        "order_delivered": _since(log.of["order_delivered"], dt=pl.col("event_time"), de=pl.col("e")),
        "order_cancelled": _since(cancelled, xt=pl.col("event_time"), xe=pl.col("e"), excused=excused),
        "defects": defects.group_by("order").agg(fe=pl.col("e").min()),
    }
    orders = log.of["order_placed"].select("m", "c", "e", "order", "buyer", "amount_cents", "ship_by", "deliver_by")
    orders = _again(orders).filter(~pl.col("order").is_in(touched.orders.implode()))
    for events in joined.values():
        fresh = events.filter(~pl.col("order").is_in(touched.orders.implode())) if "st" in events.columns else events
        orders = orders.join(fresh, on="order", how="left")
    apart = pl.col("buyer").is_null() | pl.col("buyer").is_in(touched.buyers.implode()).fill_null(False)

    def known(when: pl.Expr, since: str) -> pl.Expr:
        return pl.when(when).then(since).otherwise(NEVER).fill_null(NEVER)

    return orders.select(
        "m", "c", "e", "amount_cents",
        again=pl.when(apart).then(0).otherwise("again"),
        fe=pl.col("fe").fill_null(NEVER), ship_day=day("ship_by"), deliver_day=day("deliver_by"),
        ship_kept=known(pl.col("st") <= pl.col("ship_by"), "se"),
        ship_excused=known((pl.col("xt") <= pl.col("ship_by")) & pl.col("excused"), "xe"),
        deliver_kept=known(pl.col("dt") <= pl.col("deliver_by"), "de"),
        deliver_excused=known((pl.col("xt") <= pl.col("deliver_by")) & pl.col("excused"), "xe"),
        closed=pl.min_horizontal(pl.col("de").fill_null(NEVER), pl.col("xe").fill_null(NEVER)),
    )  # fmt: skip


def _again(orders: pl.DataFrame) -> pl.DataFrame:
    """With the day from which on a later order of the same buyer is known: a running minimum over sorted rows."""
    ranked = orders.sort("buyer", "c", descending=[False, True])
    other = (pl.col("buyer") != pl.col("buyer").shift(1)).fill_null(True)
    # Each buyer's days lie below all days of those before, so that the minimum begins anew with each.
    lowered = pl.col("e").cast(pl.Int64) - other.cum_sum().cast(pl.Int64) * NEVER
    running = (lowered.cum_min() + other.cum_sum().cast(pl.Int64) * NEVER).shift(1)
    return ranked.with_columns(again=pl.when(other).then(NEVER).otherwise(running).cast(pl.Int32))


def book_orders(spine: Spine, orders: pl.DataFrame) -> None:
    """Count the orders that nothing touches, by the spells in which what is said of each is known."""
    one, never = pl.lit(1), pl.lit(NEVER)
    spine.book(orders, {"n": one, "value": pl.col("amount_cents")})
    spells = (
        ("buyers", "c", pl.col("e"), pl.col("again")),
        ("defects", "c", pl.col("fe"), never),
        ("ship_due", "ship_day", pl.col("e"), pl.col("ship_excused")),
        ("ship_kept", "ship_day", pl.col("ship_kept"), pl.col("ship_excused")),
        ("deliver_due", "deliver_day", pl.col("e"), pl.col("deliver_excused")),
        ("deliver_kept", "deliver_day", pl.col("deliver_kept"), pl.col("deliver_excused")),
        ("overdue", "deliver_day", pl.col("e"), pl.col("closed")),
    )
    for name, clock, start, end in spells:
        begun = pl.max_horizontal("e", start)
        own = orders.filter(pl.col(clock).is_not_null() & (begun < end)).select("m", clock, s=begun, x=end)
        spine.book(own, {name: one}, clock=clock, known=pl.col("s"))
        spine.book(own.filter(pl.col("x") < NEVER), {name: one}, clock=clock, known=pl.col("x"), sign=-1)


def touched_sums(spine: Spine, touched: Touched) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The measures of the touched orders by spine row, and the clock of the latest of them."""
    placed = touched.events.filter(event_type="order_placed").select(
        "m", "c", "e", "x", "order", "amount_cents", placing="row", p_ship="ship_by", p_deliver="deliver_by"
    )
    pairs = spine.pairs(placed).drop("e", "x")
    kind, time = KIND, pl.col("event_time")
    cancelled = (kind == "order_cancelled") & (pl.col("actor") != "merchant")
    states = {
        "defect": IS_DEFECT,
        "closed": kind.is_in(["order_delivered", "order_cancelled"]),
        "ship_kept": (kind == "order_shipped") & (time <= pl.col("p_ship")),
        "deliver_kept": (kind == "order_delivered") & (time <= pl.col("p_deliver")),
        "ship_excused": cancelled & (time <= pl.col("p_ship")),
        "deliver_excused": cancelled & (time <= pl.col("p_deliver")),
    }
    others = touched.events.filter(KIND != "order_placed").drop("m", "c", "amount_cents")
    met = pairs.join(others, on="order", how="left").with_columns(
        alive=((pl.col("e") <= pl.col("d")) & (pl.col("d") < pl.col("x"))).fill_null(False)
    )
    key = ["i", "d", "c", "amount_cents", "p_ship", "p_deliver", "placing"]
    known = {name: (pl.col("alive") & state).fill_null(False).any() for name, state in states.items()}
    stood = met.group_by(key).agg(**known).with_columns(ship_day=day("p_ship"), deliver_day=day("p_deliver"))
    sums = {
        f"{name}_{n}": (value.cast(pl.Int64) * (pl.col("d") - pl.col(clock)).is_between(1, n)).sum()
        for name, (clock, value) in TOUCHED.items()
        for n in DAYS
    }
    return stood.group_by("i").agg(**sums), pairs.group_by("i").agg(touched_latest=pl.col("c").max())


def distinct(spine: Spine, events: pl.DataFrame, name: str) -> pl.DataFrame:
    """Distinct buyers among events, pair by pair."""
    recent = spine.pairs(events.drop_nulls("buyer")).filter(pl.col("d") - pl.col("c") <= DAYS[-1])
    age = recent.group_by("i", "buyer").agg(age=(pl.col("d") - pl.col("c")).min())
    return age.group_by("i").agg(**{f"{name}_{n}": (pl.col("age") <= n).sum().cast(pl.Int64) for n in DAYS})


def still_open(spine: Spine, rare: pl.DataFrame, start: str, end: str, key: str) -> pl.DataFrame:
    """How many ids are known to be opened and not known to be closed."""
    events = rare.filter(KIND.is_in([start, end])).select("m", "e", "x", key, begun=start == KIND)
    by_id = spine.pairs(events).group_by("i", key).agg(open=pl.col("begun").all())
    return by_id.filter("open").group_by("i").agg(pl.len().cast(pl.Int64).alias(start))


def debt(spine: Spine, rare: pl.DataFrame) -> pl.DataFrame:
    """What is owed: advances, less what of them was paid back or written off."""
    owed = rare.filter(OWED).select("m", "e", "x", "refund_id", "amount_cents")
    back = rare.filter(KIND.is_in(["advance_recovered", "advance_written_off"]))
    spells = owed.select("m", "refund_id", re="e", rx="x")
    of = back.select("m", "e", "x", "refund_id", "row", "amount_cents").join(spells, on=["m", "refund_id"])
    met = spine.pairs(of).filter((pl.col("re") <= pl.col("d")) & (pl.col("d") < pl.col("rx")))
    less = met.unique(["i", "row"]).select("i", -pl.col("amount_cents"))
    return (
        pl.concat([spine.pairs(owed).select("i", "amount_cents"), less])
        .group_by("i")
        .agg(debt=pl.col("amount_cents").sum())
    )


def compute(path: Path, moments: Path, out: Path) -> None:
    """Write the columns of contracts 3.2 for every spine row, in spine order, as Parquet."""
    spine = Spine(moments)
    log = Log.read(path, spine.merchants)
    book_sums(spine, log)
    touched = Touched.of(log)
    orders = orders_of(log, touched)
    book_orders(spine, orders)
    sums, latest = touched_sums(spine, touched)
    of_touched = log.until(log.of["order_placed"].filter(pl.col("buyer").is_in(touched.buyers.implode())))
    low = log.until(log.of["review_posted"].filter(pl.col("stars") <= 2))
    affected = pl.concat([part.select("m", "c", "e", "x", "buyer") for part in (low, log.rare.filter(FAULT))])
    registered = spine.pairs(log.rare.filter(event_type="merchant_registered").select("m", "c", "e", "x"))
    tables = [
        spine.windows(), sums.rename(lambda name: name if name == "i" else f"t_{name}"), latest, spine.latest(orders),
        distinct(spine, of_touched.select("m", "c", "e", "x", "buyer"), "t_buyers"),
        distinct(spine, affected, "affected"),
        still_open(spine, log.rare, "dispute_opened", "dispute_resolved", "dispute_id"),
        still_open(spine, log.rare, "fake_report_filed", "fake_report_resolved", "report_id"),
        debt(spine, log.rare), registered.group_by("i").agg(registered=pl.col("c").min()),
    ]  # fmt: skip
    found = spine.rows.sort("i")
    for table in tables:
        found = found.join(table, on="i", how="left", maintain_order="left")
    found.select("merchant_id", "as_of", **columns(found.columns)).write_parquet(out)


def columns(present: list[str]) -> dict[str, pl.Expr]:
    """The formulas of the columns over measures of the windows."""

    def measure(name: str, n: int) -> pl.Expr:
        parts = [part for part in (f"{name}_{n}", f"t_{name}_{n}") if part in present]
        return pl.sum_horizontal([pl.col(part).fill_null(0) for part in parts]).cast(pl.Int64)

    made = {}
    for n in DAYS:
        made |= {f"{name}_{n}d": measure(of, n) for name, of in COUNTS.items()}
        for name, (above, below) in RATES.items():
            per = measure(below, n)
            rate = measure(above, n) / pl.when(per != 0).then(per)
            made[f"{name}_{n}d"] = rate / 3600 if "hours" in name else rate
    d, last = pl.col("d").cast(pl.Int64), pl.max_horizontal("latest", "touched_latest")
    return made | {
        "n_orders_overdue": measure("overdue", 365),
        "n_disputes_open": pl.col("dispute_opened").fill_null(0),
        "n_fake_reports_open": pl.col("fake_report_filed").fill_null(0),
        "days_since_registered": d - pl.col("registered"),
        "days_since_last_order": (d - last).cast(pl.Int64),
        "merchant_debt_cents": pl.col("debt").fill_null(0),
    }


def main() -> None:
    """Run on files: LOG SPINE OUT."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("log", "spine", "out"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    compute(asked.log, asked.spine, asked.out)


if __name__ == "__main__":
    main()
