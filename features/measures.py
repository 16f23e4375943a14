"""What can be counted: declarations of sources and amounts. `features/facts.py` turns them into facts.

A *source* says which things are counted, on which clock, and while what is known; an *amount* says how much
each of them weighs. A *measure* is one amount of one source, under a name. All are plain frozen values, so
that equal declarations are equal, share their work and have equal hashes.
"""

from dataclasses import dataclass, field
from zlib import crc32

from features.conditions import After, AtLeast, AtMost, Carries, Condition, Is, IsNot, Lists, Ticked
from features.credence import Belief, Credence

__all__ = [
    "RULES",
    "After",
    "Amount",
    "Asked",
    "AtLeast",
    "AtMost",
    "Belief",
    "Capped",
    "Carries",
    "Changed",
    "Column",
    "Condition",
    "Credence",
    "Crossed",
    "Days",
    "Dealt",
    "Distinct",
    "Events",
    "Flag",
    "Following",
    "Happenings",
    "Is",
    "IsNot",
    "Late",
    "Latest",
    "Lists",
    "Measure",
    "Number",
    "One",
    "Open",
    "Orders",
    "OwnFaults",
    "Reaches",
    "Said",
    "Soonest",
    "Source",
    "Standing",
    "Ticked",
    "Uncovered",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events of one type for which all conditions hold."""

    event_type: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Happenings:
    """Every such event, on its own clock."""

    of: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was ordered, asked for or promised: events, each on one of its own clocks, while something is known of it.

    It counts while at least one event of `having` (if any is named) and none of `lacking` is known with the same `by`;
    with `in_time`, only events no later than the clock are looked at, or so many seconds `ahead` of it. The clock is so
    many seconds `later` than what the event says. An event whose clock is null is left out.

    It may itself stand among events: it is then what counts, at its clock, and where that is a deadline it is known no
    sooner than the deadline has passed. So silence is something that happens: what is asked and lacks its answer.
    """

    of: "Events | Asked"
    by: str
    clock: str = "event_time"
    later: int = 0
    having: tuple["Events | Asked", ...] = ()
    lacking: tuple["Events | Asked", ...] = ()
    in_time: bool = False
    ahead: int = 0

    @property
    def deadline(self) -> bool:
        """Whether its clock tells by when something was to happen, and not when it did."""
        return self.clock != "event_time" or self.later > 0 or (isinstance(self.of, Asked) and self.of.deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders(Asked):
    """Orders placed, while something is known of them."""

    of: Events | Asked = Events(event_type="order_placed")
    by: str = "order_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFaults:
    """Orders, on the day they were placed, with at least one of these faults of the merchant's own.

    The components are named and explained in `features/faults.py`.
    """

    components: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """Orders, or what else buyers ask for, but of each buyer at most `most` (those with the latest clocks).

    Only what volume cannot buy counts.

    Orders of `bad` count whatever else became of them; orders of `of` while they are real (`features/real.py`): not
    cancelled, not of a buyer linked to the merchant, and, once untracked or past their promised time, known to have
    been sent. In `having` and `lacking`, an event that names another buyer than its order's says nothing of the order.
    An order whose buyer is not known is one of a buyer of its own. What else is asked for counts unless a linked buyer
    asks for it.

    So within any window each buyer moves a sum by at most `most`, and `Capped(bad=x)` is never more than
    `Capped(bad=x, of=y)`. Both are of the same events and on the same clock.
    """

    bad: Asked | OwnFaults | None = None
    of: Asked | None = None
    most: int = 3

    @property
    def orders(self) -> Asked:
        """Which orders, or other things that are asked for, it looks at, and on which clock."""
        return next((one for one in (self.bad, self.of) if isinstance(one, Asked)), Orders())

    @property
    def deadline(self) -> bool:
        """Whether that clock tells by when something was to happen."""
        return self.orders.deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """Of each value of `by` the `most` latest (or first) live events; those without one are left out.

    Or, with `alone`, they each stand by themselves. With `hours`, those of each stretch of so many hours (counted from
    1970) are looked at by themselves.
    """

    of: tuple[Events, ...]
    by: str
    most: int = 1
    alone: bool = False
    earliest: bool = False
    hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Events that say in `column` something else than the one before them with the same `by`, on their own clock.

    Events that say nothing there are passed over; ties of `event_time` are settled as in `Latest`. With `fallen`, only
    those by which a number fell by at least so many percent.
    """

    of: Events
    column: str
    by: str
    fallen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What happens no earlier than an event of `after`, and less than `days` days after it, while that is known too.

    With `each`, of each value of that column only the latest counts.
    """

    of: Happenings | Changed
    after: Events
    days: int
    each: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Each id once, when it was first opened, while it is known to be opened and not known to be closed."""

    opened: str
    closed: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Of all that say the same in `by` (nothing is the same as nothing), the latest, while it is of `being`; no clock.

    The latest is what it is in `Latest`. With `until`, which names a date, it stands up to the end of that day; without
    a date it stands for good.
    """

    of: tuple[Events, ...]
    by: tuple[str, ...]
    being: tuple[Events, ...]
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Soonest:
    """Per merchant, what stands that will end by its date before all others; no clock. It says that date."""

    of: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """Events that name what a paper is asked for, and that none covered, on their own clock.

    A paper covers an event that says the same in the first column of its `by`, and in the others the same or whatever
    it likes where the paper says nothing; it must hold on the day on which the event became known, and have been known
    before that day.
    """

    of: Events
    papers: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """Per merchant, the one event that is the latest (or, with `earliest`, the first) of those known; no clock.

    Ties of `event_time` go to the later `known_at`, then the greater `event_id`. Events whose `column` is
    null are left out.
    """

    of: tuple[Events, ...]
    column: str = "event_time"
    earliest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """What the events of other merchants say of this one: `of` names it among the facts that a crossing makes.

    Crossings are named in `features/crossing.py`.
    """

    by: str
    of: str


Source = (
    Happenings | Asked | OwnFaults | Capped | Distinct | Changed | Following | Open | Standing | Soonest
    | Uncovered | Latest | Crossed
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """Each counts as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Each counts as one, but a window counts the days of its clock on which any do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Each weighs what an integer column says; null weighs nothing."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Each counts as one where all conditions hold."""

    where: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Whole seconds, rounded down, from the deadline that it carries to the event; in time weighs nothing."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """For `Latest` or `Soonest`: what the event says: a day since 1970, an integer, or a text's number in a lexicon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaches:
    """For `Changed` of a number: each counts as one where the number fell by at least so many percent."""

    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """Texts are dealt into so many groups by their CRC-32; each event counts as one where its text is in this group.

    What would need to know all other events of the same text, of which there may be very many, can be told from a few
    groups at no such cost.
    """

    column: str
    into: int
    group: int


Amount = One | Days | Column | Flag | Late | Said | Reaches | Dealt | Credence


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing counted: each of `source`, weighing `amount`."""

    source: Source
    amount: Amount = One()
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Measures are looked up all the time, and to hash what they are made of takes long; a checksum is the same in
        # every process, so that a measure may be sent to another one.
        object.__setattr__(self, "_hash", crc32(repr((self.source, self.amount)).encode()))

    def __hash__(self) -> int:
        return self._hash


#: What declarations mean. It is raised whenever the code makes other facts of the same declaration: tiles are then made
#: anew, and models that were trained on the old meaning are refused.
RULES = 3

#: A measure within a window of so many days; None = since ever.
Number = tuple[Measure, int | None]
