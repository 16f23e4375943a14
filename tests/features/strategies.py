"""Hypothesis strategies for event logs that go wrong in every way a real feed does, and for moments to look at them.

A log lives on a palette of a few moments, most of them midnights within a day of a window's edge, so that ties at
edges, at promises and at `as_of` are common and not one in a million.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from features.events import COLUMNS, EVENT_TYPES, EventType, Kind

Event = dict[str, Any]
Times = st.SearchStrategy[datetime]
T = TypeVar("T")

#: The midnight that the logs are drawn around; a leap day lies in its windows.
AS_OF = datetime(2024, 3, 4, tzinfo=UTC)
#: The last one never has an event, so every log is also asked about somebody unknown.
MERCHANTS = ("shop", "stall", "store", "stranger")
TICK = timedelta(microseconds=1)

# --- Moments ---------------------------------------------------------------------------------------------------


def _midnights(days_back: Sequence[int]) -> Times:
    """Midnights a day or two around the given distances from `AS_OF`."""
    near = st.sampled_from((0, 1, -1, 2))
    return st.builds(lambda back, by: AS_OF - timedelta(days=back + by), st.sampled_from(days_back), near)


def spines(*, most: int = 8) -> st.SearchStrategy[list[datetime]]:
    """Moments to ask at: midnights, unsorted, some of them twice, `AS_OF` among them."""
    found = st.lists(_midnights((0, -7, 7, -30, -90, -365)), min_size=most // 2, max_size=most - 1)
    return found.flatmap(lambda others: st.permutations([AS_OF, *others]))


def palettes() -> st.SearchStrategy[list[datetime]]:
    """The few moments on which everything in one log happens: at midnight, a microsecond beside it, by day."""
    beside = st.sampled_from((timedelta(0), -TICK, TICK, timedelta(hours=9), timedelta(hours=12, seconds=1.5)))
    moments = st.builds(lambda midnight, by: midnight + by, _midnights((0, 7, 30, 3, 90, 365, -7)), beside)
    return st.lists(moments, min_size=4, max_size=9, unique=True)


# --- Events ----------------------------------------------------------------------------------------------------

# Every choice of an event is one byte of its own: Hypothesis draws, shrinks and deletes whole events quickly, and
# zeros are the plainest event there is.


@dataclass(frozen=True, slots=True, kw_only=True)
class Dice:
    """Choices made by drawn bytes."""

    rolls: Iterator[int]

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; the first when the byte is zero."""
        return options[next(self.rolls) % len(options)]


#: What a column may hold: few ids, so that events meet; small numbers. Times are of the log's palette.
_VALUES: dict[str, tuple[Any, ...]] = {
    "order_id": ("o1", "o2", "o3"),
    "buyer_id": ("b1", "b2", "b3"),
    "refund_id": ("m1", "m2"),
    "dispute_id": ("d1", "d2", "d3"),
    "report_id": ("f1", "f2", "f3"),
    "return_id": ("r1", "r2"),
    "complaint_id": ("c1", "c2"),
    "message_id": ("q1", "q2"),
    "service_id": ("s1",),
    "reporter_id": ("b1", "b2", "b3", "p1"),
    "listing_id": ("l1", "l2"),
    "link_token": ("t1", "t2"),
    "category": ("toys", "tea"),
    "brand": ("acme",),
    "programme": ("installation", "home_delivery"),
    "text": ("fine", ""),
    "programmes": (["installation"], ["home_delivery", "seven_day_return"], ["seven_day_return"], []),
    "topic": ("quality", "counterfeit", "late", "return_refused", "anything"),
    "amount_cents": (100, 0, 250, 99999),
    "deposit_cents": (5000, 0, 7000),
    "price_cents": (1000, 900, 690, 90, 0),
    "title": ("tea", "the best tea"),
    "quantity": (1, 3),
    "stars": (1, 2, 3, 4, 5),
    "severity": (1, 3),
    "tier": (1, 2, 3),
    "points": (0, 12),
    "reply_seconds": (60, 0, 3599, 90000, 86400, 172801),
    "valid_until": (date(2024, 3, 3), date(2024, 2, 29), date(2024, 3, 4), date(2024, 6, 1)),
    "tracked": (True, False),
    "satisfied": (True, False),
    # A refund's reason is free text; most of these make its order defective.
    "reason": ("quality", "not_received", "unsafe", "wrong_item", "no_reason", "late"),
}
#: How often a type is drawn: most of a log is the life of its orders; a type of which 3.2 says nothing is drawn once.
_WEIGHTS = {"order_placed": 24, "order_shipped": 9, "order_delivered": 9, "order_cancelled": 9, "refund_paid": 9,
            "dispute_opened": 6, "dispute_resolved": 8, "review_posted": 7, "fake_report_filed": 6,
            "fake_report_resolved": 6, "return_requested": 4, "return_answered": 4, "merchant_registered": 4,
            "deposit_changed": 4, "advance_recovered": 5, "advance_written_off": 3, "message_answered": 4,
            "inspection_completed": 3, "listing_changed": 4, "link_observed": 4, "parcel_scanned": 3,
            "order_confirmed": 3}  # fmt: skip
#: Words that features ask for are drawn as often as all the others together.
_ASKED_FOR = ("merchant_at_fault", "confirmed", "failed_counterfeit", "rejected", "merchant", "platform",
              "bank_account", "brand_authorisation", "no_reason", "quality", "intact", "delivered")  # fmt: skip
_TYPES = [name for name in EVENT_TYPES if name != "event_reversed" for _ in range(_WEIGHTS.get(name, 1))]
#: Orders come first, so that the plainest event is one.
_TYPES.sort(key="order_placed".__ne__)
#: What bears on the word of reporters; several reporters over several merchants meet only where little else happens.
_ON_REPORTS = ("fake_report_filed", "fake_report_filed", "fake_report_resolved", "fake_report_resolved",
               "link_observed")  # fmt: skip
#: What follows a change of account, and what is sold without a paper.
_ON_HANDS = ("order_placed", "order_placed", "account_changed", "account_changed", "listing_changed",
             "listing_changed", "order_shipped", "qualification_checked", "qualification_checked")  # fmt: skip
#: What passes between a merchant and the platform, and little else.
_ON_ACCOUNTS = ("order_placed", *["complaint_received"] * 2, "complaint_closed", *["qualification_checked"] * 3,
                "programme_joined", "programme_joined", "programme_left", "penalty_applied", "reinstated",
                "inspection_completed", *["advert_checked"] * 2, "review_posted", "message_answered")  # fmt: skip
#: What bears on goods: listings, reports of fakes under ids that are used twice, papers, and who belongs together.
_ON_GOODS = (*["listing_changed"] * 4, *["fake_report_filed"] * 4, *["fake_report_resolved"] * 4,
             *["inspection_completed"] * 2, "qualification_checked", *["link_observed"] * 3, "penalty_applied",
             "reinstated", "merchant_registered")  # fmt: skip
#: Columns that are ignored where the type does not use them, though some hold what no type allows.
_NOISE = {"stars": 9, "ship_by": AS_OF, "deliver_by": AS_OF, "actor": "nobody", "amount_cents": 7, "buyer_id": "b9",
          "order_id": "o1", "deposit_cents": 99, "category": "noise", "reverses": "e00"}  # fmt: skip


def _event(dice: Dice, *, palette: Sequence[datetime], merchants: Sequence[str], types: Sequence[str]) -> Event:
    """An event without its id."""
    kind = EVENT_TYPES[dice.pick(types)]
    noise = dice.pick(({}, {}, {}, _NOISE))
    event = {name: value for name, value in noise.items() if name not in kind.columns}
    event |= {"event_type": kind.name, "merchant_id": dice.pick(merchants), **_clocks(dice, palette)}
    for column in kind.columns:
        options = _options(kind, column, palette)
        nothing = () if column in kind.required else (None,) * (len(options) // 2 or 1)
        event[column] = dice.pick((*nothing, *options))
    return event


def _options(kind: EventType, column: str, palette: Sequence[datetime]) -> Sequence[Any]:
    if COLUMNS[column].kind is Kind.TIME:
        return palette
    words = kind.words.get(column, ())
    asked_for = [word for word in words if word in _ASKED_FOR]
    return [*asked_for * (len(words) // 2), *words] or _VALUES.get(column, (None,))


def _clocks(dice: Dice, palette: Sequence[datetime]) -> Event:
    """When it happened and when it became known: unsaid, or at any later moment of the palette."""
    at, later = dice.pick(palette), dice.pick((None, None, None, None, *palette))
    return {"event_time": at, "known_at": later and max(at, later)}


# --- What happens to events afterwards -------------------------------------------------------------------------


@st.composite
def _reversals(draw: st.DrawFn, events: Sequence[Event], palette: Sequence[datetime]) -> list[Event]:
    """Reversals of any event or of none, before or after it is known, again, of one another, by other merchants."""
    orders = [event for event in events if event["event_type"] == "order_placed"]
    nothing = {"event_id": "e99", "merchant_id": MERCHANTS[0]}
    reversals: list[Event] = []
    for number, rolls in enumerate(draw(st.lists(_rolls(6), max_size=9))):
        dice = Dice(rolls=iter(rolls))
        # Orders are drawn more often than the rest, because other events look for them.
        target = dice.pick((dice.pick((*orders, nothing)), dice.pick((*events, *reversals, nothing))))
        reversal = {"event_id": f"x{number}", "event_type": "event_reversed", "reverses": target["event_id"]}
        merchant = dice.pick((*[target["merchant_id"]] * 4, MERCHANTS[1]))
        reversals.append(reversal | {"merchant_id": merchant, **_clocks(dice, palette)})
    return reversals


@st.composite
def _repeats(draw: st.DrawFn, events: Sequence[Event]) -> list[Event]:
    """Rows that claim an id that is taken: the same event again, or another one that came to be known later."""
    if not events:
        return []
    pairs = draw(st.lists(st.tuples(st.sampled_from(events), st.none() | st.sampled_from(events)), max_size=3))
    return [dict(first) if other is None else _impostor(other, first) for first, other in pairs]


def _impostor(event: Event, first: Event) -> Event:
    later = max(known_at(event), known_at(first)) + TICK
    return event | {"event_id": first["event_id"], "known_at": later}


def known_at(event: Event) -> datetime:
    """When the platform learned of an event of a file."""
    return event.get("known_at") or event["event_time"]


def _rolls(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


@st.composite
def logs(draw: st.DrawFn, *, most: int = 40, types: Sequence[str] = _TYPES) -> list[Event]:
    """A log of up to three merchants who share order ids and buyers: rows of a file, in no particular order.

    `types` are the event types to draw from, the plainest first, one as often as it is named.
    """
    palette, merchants = draw(palettes()), MERCHANTS[: draw(st.sampled_from((1, 2, 1, 3)))]
    least = draw(st.sampled_from((most // 2, 0, most * 3 // 4, most * 3 // 4)))
    rolls = draw(st.lists(_rolls(20), min_size=least, max_size=most))
    drawn = [_event(Dice(rolls=iter(one)), palette=palette, merchants=merchants, types=types) for one in rolls]
    events = [{"event_id": f"e{number:02}"} | event for number, event in enumerate(drawn)]
    events += draw(_reversals(events, palette))
    return events + draw(_repeats(events))


def report_logs() -> st.SearchStrategy[list[Event]]:
    """Logs of reports of fakes, what they came to, and whom their reporters were seen with."""
    return logs(types=_ON_REPORTS)


def account_logs() -> st.SearchStrategy[list[Event]]:
    """Logs of complaints, checks, penalties and programmes."""
    return logs(types=_ON_ACCOUNTS)


def hands_logs() -> st.SearchStrategy[list[Event]]:
    """Logs of changes of account and of papers, and of orders and listings around them."""
    return logs(types=_ON_HANDS)


def goods_logs() -> st.SearchStrategy[list[Event]]:
    """Logs of listings, of what was learned of them, and of who belongs together."""
    return logs(types=_ON_GOODS)


def refused_rows(taken: Sequence[str]) -> st.SearchStrategy[list[Event]]:
    """Rows that a log must reject whatever else it holds; some claim the id of a good row."""
    good = {"event_type": "order_placed", "merchant_id": MERCHANTS[0], "order_id": "o1", "amount_cents": 5,
            "event_time": AS_OF - timedelta(days=3)}  # fmt: skip
    spoilt = ({"event_type": "order_lost"}, {"order_id": None}, {"amount_cents": -1}, {"fulfilled_by": "nobody"},
              {"known_at": AS_OF - timedelta(days=4)}, {"currency": "EUR"}, {"event_type": "review_posted", "stars": 6},
              {"merchant_id": None}, {"event_time": None})  # fmt: skip
    ids = st.sampled_from([*taken, "new1", "new2"])
    return st.lists(st.builds(lambda event_id, fault: {"event_id": event_id} | good | fault, ids,
                              st.sampled_from(spoilt)), max_size=5)  # fmt: skip


# --- Splits ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A way to deal anything out to `count` parts, in order within each; parts may be empty."""

    count: int
    turns: tuple[int, ...]

    def __call__(self, things: Iterable[T]) -> list[list[T]]:
        """The parts; together they hold each thing once."""
        parts: list[list[T]] = [[] for _ in range(self.count)]
        for number, thing in enumerate(things):
            parts[self.turns[number % len(self.turns)]].append(thing)
        return parts


def splits(count: int = 3) -> st.SearchStrategy[Split]:
    """Ways to split a sequence into `count` parts, neighbours not kept together."""
    turns = st.lists(st.integers(0, count - 1), min_size=1, max_size=17).map(tuple)
    return st.builds(Split, count=st.just(count), turns=turns)
