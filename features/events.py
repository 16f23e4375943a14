"""The event vocabulary: which events there are, which columns each uses, and what a column may hold.

Everything else about events is derived from the two tables here, `COLUMNS` and `EVENT_TYPES`: the Arrow
schema, validation, the reference page. Money is in minor units; times are aware UTC, to the microsecond.
"""

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

import pyarrow as pa

__all__ = [
    "COLUMNS", "COMMON", "EVENT_TYPES", "OF_A_LISTING", "REQUIRED_COMMON", "SCHEMA", "Column", "EventType", "Kind",
]  # fmt: skip


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    TIME = "time"
    DATE = "date"
    INTEGER = "integer"
    FLAG = "flag"
    TEXTS = "texts"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that stores it."""
        return _ARROW[self]


_ARROW: dict[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.TEXTS: pa.list_(pa.string()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the event log; `least` and `most` bound an integer, both inclusive."""

    name: str
    kind: Kind
    least: int | None = None
    most: int | None = None


#: No single amount is larger: sums over a merchant's life then stay far inside 64 bits.
MOST_CENTS = 10**15


def _text(*names: str) -> list[Column]:
    return [Column(name=name, kind=Kind.TEXT) for name in names]


def _time(*names: str) -> list[Column]:
    return [Column(name=name, kind=Kind.TIME) for name in names]


def _integer(name: str, least: int, most: int) -> Column:
    return Column(name=name, kind=Kind.INTEGER, least=least, most=most)


#: Columns that every event may carry.
COMMON = ("event_id", "event_type", "merchant_id", "event_time", "known_at", "source", "currency")
REQUIRED_COMMON = ("event_id", "event_type", "merchant_id", "event_time")

COLUMNS: MappingProxyType[str, Column] = MappingProxyType(
    {
        column.name: column
        for column in (
            *_text("event_id", "event_type", "merchant_id"),
            *_time("event_time", "known_at"),
            *_text("source", "currency"),
            *_text("order_id", "buyer_id", "listing_id", "category", "brand", "region", "title", "status"),
            *_time("placed_at", "ship_by", "deliver_by", "opened_at", "answer_by", "reply_by", "due_by"),
            _integer("amount_cents", 0, MOST_CENTS),
            _integer("price_cents", 0, MOST_CENTS),
            _integer("deposit_cents", 0, MOST_CENTS),
            _integer("quantity", 1, 10**9),
            *_text("fulfilled_by", "kind"),
            Column(name="programmes", kind=Kind.TEXTS),
            Column(name="no_return_confirmed", kind=Kind.FLAG),
            Column(name="tracked", kind=Kind.FLAG),
            *_text("change", "link_kind", "link_token", "qualification"),
            Column(name="valid_until", kind=Kind.DATE),
            *_text("outcome", "leg", "scan", "actor", "reason", "basis", "channel"),
            *_text("return_id", "refund_id", "dispute_id", "report_id", "complaint_id", "message_id", "service_id"),
            *_text("advanced_by", "finally_liable", "speed", "decision_id", "recovered_from"),
            _integer("severity", 1, 3),
            _integer("tier", 1, 3),
            *_text("reporter_id", "reporter_kind", "evidence", "trigger"),
            *_text("topic", "programme", "text"),
            Column(name="satisfied", kind=Kind.FLAG),
            _integer("stars", 1, 5),
            _integer("reply_seconds", 0, 10**10),
            *_text("service", "penalty"),
            _integer("points", 0, 10**6),
            *_text("reverses"),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One kind of event: the columns it must fill, those it may fill, and the words a column is limited to."""

    name: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    words: MappingProxyType[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its own, required ones first."""
        return self.required + self.optional


def _event(name: str, required: str = "", optional: str = "", **words: str) -> EventType:
    """Write one event type on a line or two: names separated by spaces, words by bars."""
    limits = {column: tuple(allowed.split("|")) for column, allowed in words.items()}
    return EventType(
        name=name,
        required=tuple(required.split()),
        optional=tuple(optional.split()),
        words=MappingProxyType(limits),
    )


_RETURN_REASONS = "no_reason|quality|not_as_described|counterfeit|damaged|late|wrong_item|missing_parts|unsafe|other"
_DISPUTE_REASONS = (
    "not_received|not_as_described|quality|counterfeit|damaged|wrong_item|missing_parts|expired|unsafe|"
    "return_refused|unauthorised|other"
)
_REPORTERS = "buyer|brand|merchant|regulator|anonymous"
_SERVICES = "repair|resend|exchange|installation|home_delivery|bad_order|freight"

EVENT_TYPES: MappingProxyType[str, EventType] = MappingProxyType(
    {
        event.name: event
        for event in (
            _event("merchant_registered", "", "category region deposit_cents"),
            _event("account_changed", "change", change="bank_account|owner|legal_entity|password|device|address"),
            _event(
                "link_observed",
                "link_kind link_token",
                "buyer_id",
                link_kind="bank_account|phone|device|address|legal_entity",
            ),
            _event(
                "qualification_checked",
                "qualification outcome",
                "brand category valid_until",
                qualification="identity|business_licence|bank_account|brand_authorisation|third_party_audit|"
                "training_exam|food_licence",
                outcome="passed|failed|expired",
            ),
            _event("deposit_changed", "deposit_cents"),
            _event(
                "listing_changed",
                "listing_id",
                "category brand price_cents title status",
                status="on|off|recalled",
            ),
            _event(
                "order_placed",
                "order_id amount_cents",
                "buyer_id listing_id category brand quantity ship_by deliver_by fulfilled_by kind programmes "
                "no_return_confirmed",
                fulfilled_by="merchant|platform",
                kind="spot|presale|custom|service",
            ),
            _event("order_shipped", "order_id", "placed_at ship_by tracked"),
            _event("parcel_scanned", "order_id leg scan", leg="out|back", scan="pickup|delivered|lost"),
            _event("order_delivered", "order_id", "placed_at deliver_by"),
            _event(
                "order_cancelled",
                "order_id",
                "buyer_id placed_at ship_by deliver_by actor reason",
                actor="buyer|merchant|platform",
            ),
            _event("order_confirmed", "order_id"),
            _event(
                "return_requested",
                "return_id order_id",
                "placed_at buyer_id reason answer_by",
                reason=_RETURN_REASONS,
            ),
            _event("return_answered", "return_id order_id outcome", "opened_at answer_by", outcome="accepted|rejected"),
            _event("return_inspected", "return_id order_id outcome", outcome="intact|used|empty|swapped|missing"),
            _event(
                "refund_paid",
                "refund_id order_id amount_cents advanced_by finally_liable",
                "reason speed decision_id opened_at",
                advanced_by="merchant|platform",
                finally_liable="merchant|platform|carrier|buyer|undecided",
                speed="instant|standard",
            ),
            _event(
                "advance_recovered",
                "refund_id amount_cents",
                "recovered_from",
                recovered_from="merchant|deposit|buyer|carrier",
            ),
            _event(
                "advance_written_off",
                "refund_id amount_cents",
                "recovered_from",
                recovered_from="merchant|deposit|buyer|carrier",
            ),
            _event(
                "dispute_opened",
                "dispute_id order_id",
                "placed_at buyer_id channel reason severity",
                channel="platform|chargeback|regulator",
                reason=_DISPUTE_REASONS,
            ),
            _event(
                "dispute_resolved",
                "dispute_id order_id outcome",
                "buyer_id placed_at opened_at reason basis amount_cents",
                outcome="merchant_at_fault|buyer_at_fault|carrier_at_fault|platform_at_fault|nobody_at_fault|"
                "settled|withdrawn",
                basis="evidence|admission|default|appeal",
            ),
            _event(
                "fake_report_filed",
                "report_id reporter_id reporter_kind",
                "listing_id brand order_id evidence",
                reporter_kind=_REPORTERS,
                evidence="test_buy|lab|photo|none",
            ),
            _event(
                "fake_report_resolved",
                "report_id outcome",
                "listing_id brand reporter_id reporter_kind basis",
                outcome="confirmed|grey_market|dismissed|bad_faith",
                reporter_kind=_REPORTERS,
                basis="lab|brand|admission|default",
            ),
            _event(
                "inspection_completed",
                "outcome",
                "listing_id brand trigger",
                outcome="passed|failed_quality|failed_counterfeit",
                trigger="random|report|score|brand",
            ),
            _event(
                "complaint_received",
                "complaint_id",
                "order_id buyer_id topic tier channel region programme text",
                channel="app|phone|chat|mail|social|12315|consumer_association|court",
            ),
            _event(
                "complaint_closed",
                "complaint_id outcome",
                "tier opened_at satisfied",
                outcome="solved|unsolved|referred",
            ),
            _event("review_posted", "stars", "order_id placed_at buyer_id text"),
            _event("advert_checked", "listing_id outcome", outcome="passed|absolute_claim|false_promise"),
            _event("message_received", "message_id", "buyer_id reply_by"),
            _event("message_answered", "message_id reply_seconds", "reply_by"),
            _event(
                "service_requested",
                "service_id service",
                "order_id due_by outcome",
                service=_SERVICES,
                outcome="done|refused|failed",
            ),
            _event(
                "service_completed",
                "service_id service",
                "order_id due_by outcome",
                service=_SERVICES,
                outcome="done|refused|failed",
            ),
            _event(
                "penalty_applied",
                "penalty",
                "points reason",
                penalty="warning|points|demotion|suspension|removal",
            ),
            _event("reinstated", "", "reason"),
            _event("programme_joined", "programme", "reason"),
            _event("programme_left", "programme", "reason"),
            _event("event_reversed", "reverses", "reason"),
        )
    }
)

#: What is found by its listing: one may have a million orders, and these are found by their own ids.
OF_A_LISTING = frozenset(["listing_changed", "fake_report_filed", "fake_report_resolved", "inspection_completed"])

#: The whole log as one flat Arrow table; a column that a type does not use is null on its rows.
SCHEMA = pa.schema([pa.field(column.name, column.kind.arrow) for column in COLUMNS.values()])
