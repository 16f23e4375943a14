"""The ledger against a model of a few lines: whatever happens in whatever order, both say the same after every step."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from features.database import create_tables, open_engine, reading, writing
from features.jsonrows import check_rows
from serving.errors import SettlementExceeds, SettlementImpossible
from serving.ingest.files import take
from serving.ledger.accounts import of_decision
from serving.ledger.check import differences
from serving.ledger.positions import balance
from serving.ledger.promises import expire
from serving.ledger.settlement import tell
from serving.ledger.store import sums_of
from serving.ledger.store_settlements import Said
from serving.plain import as_json
from serving.reservations import Reservation, held_for, reserve
from serving.store_decisions import Decision, add_decisions
from tests.serving.shop import an_event
from tests.serving.world import NOON

LASTS = timedelta(hours=24)
MERCHANTS, ORDERS, BUYERS = ("m1", "m2"), ("o1", "o2"), ("b1", "b2")
FUNDS = ("fast_refund", "fast_refund", "fast_refund", None)
SOURCES = ("merchant", "merchant", "deposit")


@dataclass
class Sent:
    """A payment, or what came back of one, as an event told it."""

    refund: str
    cents: int
    source: str = ""
    to: str = "undecided"
    stands: bool = True


@dataclass
class Promise:
    """What a decision promised, and all that was told of it."""

    id: str
    merchant: str
    order: str
    buyer: str
    cents: int
    fund: str | None
    at: object
    paid_call: int = 0
    cancelled: bool = False
    back_calls: Counter = field(default_factory=Counter)
    payments: list = field(default_factory=list)
    backs: list = field(default_factory=list)

    @property
    def sent(self):
        return sum(one.cents for one in self.payments if one.stands)

    @property
    def paid(self):
        return max(self.paid_call, self.sent)

    def back_sent(self, source):
        paid = {one.refund for one in self.payments if one.stands}
        return sum(one.cents for one in self.backs if one.stands and one.refund in paid and one.source == source)

    @property
    def recovered(self):
        """Nothing comes back of what the merchant paid itself, or of what was never paid."""
        if not self.paid or self.fund is None:
            return 0
        return sum(max(self.back_calls[source], self.back_sent(source)) for source in set(SOURCES))

    @property
    def outstanding(self):
        return self.paid - self.recovered if self.fund else 0

    def reserved(self, now):
        lasts = self.at + LASTS > now and not self.cancelled and not self.paid
        return self.cents if lasts else 0

    def weighs(self, now):
        return self.paid or self.reserved(now)

    def state(self, now):
        if self.paid:
            return "recovered" if self.recovered and self.outstanding <= 0 else "paid"
        return "cancelled" if self.cancelled else "reserved" if self.reserved(now) else "expired"


@cache
def an_empty_store():
    """A store with its tables, to be copied: making tables takes longer than a story does."""
    path = Path(tempfile.mkdtemp()) / "empty.db"
    engine = open_engine(f"sqlite:///{path}")
    create_tables(engine)
    engine.dispose()
    return path


class Ledger(RuleBasedStateMachine):
    """Decisions promise, calls and events tell what became of it, time goes by; anything may happen at any time."""

    promises = Bundle("promises")
    cents = st.sampled_from([10, 10, 20, 21])

    @initialize()
    def begin(self):
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "goodfaith.db"
        for file in an_empty_store().parent.iterdir():
            shutil.copy(file, path.with_name(file.name.replace("empty", "goodfaith")))
        self.engine, self.now, self.numbers, self.model = open_engine(f"sqlite:///{path}"), NOON, count(), []

    def teardown(self):
        try:
            with reading(self.engine) as tx:
                assert list(differences(tx)) == []
        finally:
            self.engine.dispose()
            self._folder.cleanup()

    def take(self, *events):
        checked = check_rows(events, currency="CNY")
        assert not checked.rejected
        with writing(self.engine) as tx:
            take(tx, checked.rows, at=self.now, later=True)

    # Two promises are enough to be mixed up, and few enough for several things to happen to each.
    @precondition(lambda self: len(self.model) < 2)
    @rule(target=promises, merchant=st.sampled_from(MERCHANTS), order=st.sampled_from(ORDERS),
          buyer=st.sampled_from(BUYERS), cents=st.sampled_from([20, 50]), fund=st.sampled_from(FUNDS))  # fmt: skip
    def promise(self, merchant, order, buyer, cents, fund):
        one = Promise(f"d_{next(self.numbers)}", merchant, order, buyer, cents, fund, self.now)
        decided = Decision(
            id=one.id, kind="refund", merchant_id=merchant, order_id=order, buyer_id=buyer, programme=None,
            outcome="instant", decided_at=self.now, decided_by="k1", expires_at=self.now + LASTS, seen_seq=0,
            request=as_json({"reason": "quality"}), answer=as_json({"finally_liable": "merchant"}), trace="{}",
        )  # fmt: skip
        held = Reservation(
            decision_id=one.id, merchant_id=merchant, order_id=order, buyer_id=buyer, promised_cents=cents, cents=cents,
            state="reserved", reserved_at=self.now, expires_at=self.now + LASTS, fund=fund,
        )  # fmt: skip
        with writing(self.engine) as tx:
            add_decisions(tx, [decided])
            reserve(tx, held)
        self.model.append(one)
        return one

    def call(self, one, said, allowed):
        """The settlement call: taken exactly where the model allows it."""
        try:
            with writing(self.engine) as tx:
                tell(tx, one.id, said, by="k1", clock=lambda: self.now, later=True)
        except (SettlementImpossible, SettlementExceeds):
            assert not allowed
        else:
            assert allowed

    @rule(one=promises, cents=cents)
    def is_settled_as_paid(self, one, cents):
        first = not one.paid_call and one.state(self.now) != "cancelled" and cents <= one.cents
        allowed = first or cents == one.paid_call
        self.call(one, Said(state="paid", cents=cents), allowed)
        one.paid_call = cents if allowed else one.paid_call

    # Seldom, since little happens to what was cancelled.
    @precondition(lambda self: len(self.model) == 2)
    @rule(one=promises)
    def is_settled_as_cancelled(self, one):
        allowed = one.state(self.now) in ("reserved", "cancelled")
        self.call(one, Said(state="cancelled", cents=0), allowed)
        one.cancelled |= allowed

    @rule(one=promises, cents=cents, source=st.sampled_from(SOURCES))
    def is_settled_as_recovered(self, one, cents, source):
        sent = one.back_sent(source)
        more = max(one.back_calls[source] + cents, sent) - max(one.back_calls[source], sent)
        allowed = one.state(self.now) in ("paid", "recovered") and more <= one.outstanding
        self.call(one, Said(state="recovered", cents=cents, recovered_from=source), allowed)
        one.back_calls[source] += cents if allowed else 0

    @rule(one=promises, cents=cents, part=st.sampled_from("aab"), to=st.sampled_from(["merchant", "undecided"]))
    def a_payment_is_sent(self, one, cents, part, to):
        sent = Sent(f"{one.id}-{part}", cents, to=to)
        by = "platform" if one.fund else "merchant"
        event = an_event("refund_paid", merchant=one.merchant, refund_id=sent.refund, order_id=one.order,
                         amount_cents=cents, advanced_by=by, finally_liable=to, decision_id=one.id)  # fmt: skip
        self.take(event)
        sent.event = event["event_id"]
        one.payments.append(sent)

    @rule(one=promises, cents=cents, part=st.sampled_from("aab"), source=st.sampled_from(SOURCES))
    def a_recovery_is_sent(self, one, cents, part, source):
        sent = Sent(f"{one.id}-{part}", cents, source)
        event = an_event("advance_recovered", merchant=one.merchant, refund_id=sent.refund, amount_cents=cents,
                         recovered_from=source)  # fmt: skip
        self.take(event)
        sent.event = event["event_id"]
        one.backs.append(sent)

    @rule(one=promises, which=st.integers(0, 9))
    def something_that_was_sent_is_taken_back(self, one, which):
        told = [sent for sent in (*one.payments, *one.backs) if sent.stands]
        if told:
            sent = told[which % len(told)]
            self.take(an_event("event_reversed", merchant=one.merchant, reverses=sent.event))
            sent.stands = False

    @precondition(lambda self: self.model)
    @rule(hours=st.sampled_from([1, 24, 24, 24, 24 * 20, 24 * 45]))
    def time_goes_by(self, hours):
        self.now += timedelta(hours=hours)

    @rule()
    def what_has_run_out_is_booked(self):
        expire(self.engine, now=self.now)

    @invariant()
    def each_promise_stands_where_the_model_says(self):
        with reading(self.engine) as tx:
            for one in self.model:
                stands = balance(told.amounts for told in sums_of(tx, [of_decision(one.id)]))
                found = (stands.paid_cents, stands.recovered_cents, stands.outstanding_cents)
                assert found == (one.paid, one.recovered, one.outstanding)

    @invariant()
    def limits_see_what_the_model_sees(self):
        with reading(self.engine) as tx:
            for merchant, order, buyer in {(one.merchant, one.order, one.buyer) for one in self.model}:
                held = held_for(tx, order=(merchant, order), buyer_id=buyer, now=self.now)
                assert held.order_cents == self.weight(merchant=merchant, order=order)
                assert held.buyer_cents == self.weight(since=self.now - timedelta(days=90), buyer=buyer)
                begins = (self.now - timedelta(days=30)).replace(hour=0)
                assert held.merchant_cents == self.weight(since=begins, merchant=merchant)
                midnight = self.now.replace(hour=0)
                assert held.fund_cents == self.weight(since=midnight - timedelta(days=29), fund="fast_refund")
                assert held.day_cents == self.weight(since=midnight, fund="fast_refund")

    def weight(self, since=None, **of):
        mine = (one for one in self.model if all(getattr(one, name) == value for name, value in of.items()))
        return sum(one.weighs(self.now) for one in mine if since is None or one.at >= since)


Ledger.TestCase.settings = settings(max_examples=70, stateful_step_count=25)
TestTheLedgerIsTheModel = Ledger.TestCase
