"""Errors of the serving floor.

GoodfaithError
├── Unauthenticated          401 unauthenticated
├── LogInRefused             401 log_in_refused
├── SessionMissing           401 session_missing
├── ScopeMissing             403 scope_missing
├── FormForged               403 form_forged
├── MerchantUnknown          404 merchant_unknown
├── ListingUnknown           404 listing_unknown
├── OrderUnknown             404 order_unknown
├── KeyUnknown               404 key_unknown
├── PageUnknown              404 page_unknown
├── UserKnown                409 user_known
├── ProgrammeUnknown         404 programme_unknown
├── DecisionUnknown          404 decision_unknown
├── CaseUnknown              404 case_unknown
├── IdempotencyConflict      409 idempotency_conflict
├── OrderAlreadyDecided      409 order_already_decided
├── CaseClosed               409 case_closed
├── SettlementImpossible     409 settlement_impossible
├── SettlementExceeds        409 settlement_exceeds
├── SecondPersonNeeded       409 second_person_needed
├── AppealTooLate            409 appeal_too_late
├── ComplaintKnown           409 complaint_known
├── CurrencyMismatch         422 currency_mismatch
├── MomentToCome             422 as_of_in_future
├── IdempotencyKeyMissing    422 idempotency_key_missing
├── IdempotencyKeyInvalid    422 idempotency_key_invalid
├── ResolutionInvalid        422 resolution_invalid
├── TooBusy                  429 too_busy
├── AuditBroken              command line only: the audit chain was tampered with
├── PersonUnknown            command line only: nobody of this name or id is known
├── RecordsKept              command line only: no setting says after how many years records may go
├── AnchorsUnreadable        command line only: a file holds no anchors of an audit record
├── LedgerBroken             command line only: a sum is not that of its postings
├── PaymentFileUnusable      command line only: a payment file cannot be read, or a row of it is no payment
├── PaymentsDiffer           command line only: a payment file and the ledger do not say the same
├── ReplayDiffers            command line only: a decision does not come out again as it was
├── PolicyNotKept            command line only: a decision was made by a policy that was not kept
├── AddressUnavailable       command line only: nobody can listen there
├── NotHandedOn              not for callers: a notification that is tried again later
├── TargetUnusable           command line only: nothing can be notified at the address that is set
├── TracingUnavailable       command line only: traces are asked for, and their extra is not installed
├── BrokerUnavailable        command line only: the broker does not answer, or its extra is not installed
├── NothingToJudge           command line only: a log without a single readable event
├── NoShadows                command line only: no challenger has judged anybody
├── PolicyFileUnusable       command line only: a policy file cannot be read, or is of no kind that is asked for
├── NothingChanges           command line only: the policies to be compared say the same
├── OutputUnwritable         command line only: an answer file cannot be written
└── Unavailable              503 unavailable
    ├── StoreUnavailable     503 store_unavailable
    │   └── StoreFull        503 store_full
    ├── ClockInDoubt         503 clock_in_doubt
    ├── OutOfTime            503 out_of_time
    ├── SchemaOutdated       503 schema_outdated
    ├── ChampionUnloadable   503 champion_unloadable
    ├── PolicyInvalid        503 policy_invalid
    └── AssessmentsStale     503 assessments_stale

Each error's message says what is wrong with the values; over HTTP (`serving/statuses.py`) it is the `detail` of a
problem (RFC 9457), so it never holds a key, a path of this machine or another system's message.
"""

__all__ = [
    "AddressUnavailable",
    "AnchorsUnreadable",
    "AppealTooLate",
    "AssessmentsStale",
    "AuditBroken",
    "BrokerUnavailable",
    "CaseClosed",
    "CaseUnknown",
    "ChampionUnloadable",
    "ClockInDoubt",
    "ComplaintKnown",
    "CurrencyMismatch",
    "DecisionUnknown",
    "FormForged",
    "GoodfaithError",
    "IdempotencyConflict",
    "IdempotencyKeyInvalid",
    "IdempotencyKeyMissing",
    "KeyUnknown",
    "LedgerBroken",
    "ListingUnknown",
    "LogInRefused",
    "MerchantUnknown",
    "MomentToCome",
    "NoShadows",
    "NotHandedOn",
    "NothingChanges",
    "NothingToJudge",
    "OrderAlreadyDecided",
    "OrderUnknown",
    "OutOfTime",
    "OutputUnwritable",
    "PageUnknown",
    "PaymentFileUnusable",
    "PaymentsDiffer",
    "PersonUnknown",
    "PolicyFileUnusable",
    "PolicyInvalid",
    "PolicyNotKept",
    "ProgrammeUnknown",
    "RecordsKept",
    "ReplayDiffers",
    "ResolutionInvalid",
    "SchemaOutdated",
    "ScopeMissing",
    "SecondPersonNeeded",
    "SessionMissing",
    "SettlementExceeds",
    "SettlementImpossible",
    "StoreFull",
    "StoreUnavailable",
    "TargetUnusable",
    "TooBusy",
    "TracingUnavailable",
    "Unauthenticated",
    "Unavailable",
    "UserKnown",
]


class GoodfaithError(Exception):
    """The root of what can go wrong on this floor."""


class Unauthenticated(GoodfaithError):
    """No API key was sent, or one that is not known, or one that was revoked."""


class ScopeMissing(GoodfaithError):
    """The API key lacks the scope that this call needs."""


class LogInRefused(GoodfaithError):
    """Name and password do not let anybody into the console."""


class SessionMissing(GoodfaithError):
    """Nobody is logged in to the console, or no longer."""


class FormForged(GoodfaithError):
    """A form of the console came without the token of the log-in it was sent with."""


class PageUnknown(GoodfaithError):
    """The console has no such page."""


class UserKnown(GoodfaithError):
    """There is a user of this name already."""


class ComplaintKnown(GoodfaithError):
    """A complaint about this merchant has come in under this id before."""


class MerchantUnknown(GoodfaithError):
    """No event of this merchant is known."""


class OrderUnknown(GoodfaithError):
    """This merchant's order is not known."""


class ListingUnknown(GoodfaithError):
    """No event of a listing with this id is known."""


class KeyUnknown(GoodfaithError):
    """No API key has this id."""


class MomentToCome(GoodfaithError):
    """Nobody knows yet what will be known then."""


class ProgrammeUnknown(GoodfaithError):
    """No programme of the policy has this id."""


class DecisionUnknown(GoodfaithError):
    """No decision has this id."""


class CaseUnknown(GoodfaithError):
    """No case has this id."""


class IdempotencyConflict(GoodfaithError):
    """The same idempotency key came with another body."""


class OrderAlreadyDecided(GoodfaithError):
    """Refunds of an order already reach what was paid for it."""


class AppealTooLate(GoodfaithError):
    """The time in which a decision can be objected to is over."""


class SecondPersonNeeded(GoodfaithError):
    """What takes two people was approved by the one who proposed it."""


class CaseClosed(GoodfaithError):
    """A case was resolved before; that stands."""


class SettlementImpossible(GoodfaithError):
    """The money of a decision cannot become what it is said to be: it was cancelled, is not paid, or there is none."""


class SettlementExceeds(GoodfaithError):
    """More is said to be paid than was promised, or to be back than is outstanding."""


class CurrencyMismatch(GoodfaithError):
    """An amount is in a currency other than the store's one."""


class IdempotencyKeyMissing(GoodfaithError):
    """A decision was asked for without the header that makes it safe to ask again."""


class IdempotencyKeyInvalid(GoodfaithError):
    """The idempotency key is not one to 200 printable characters."""


class ResolutionInvalid(GoodfaithError):
    """A case cannot end like this: an outcome that its kind does not have, or no reason."""


class PersonUnknown(GoodfaithError):
    """Nobody of this name or id is known."""


class RecordsKept(GoodfaithError):
    """No setting says after how many years records may go."""


class AnchorsUnreadable(GoodfaithError):
    """A file holds no anchors of an audit record."""


class ReplayDiffers(GoodfaithError):
    """A decision that is run again does not come out as it was."""


class PolicyNotKept(GoodfaithError):
    """A decision was made by a policy that was not kept."""


class TooBusy(GoodfaithError):
    """Too much is waiting to be done; what was asked for was not begun."""


class AuditBroken(GoodfaithError):
    """An entry of the audit chain is not what was written, or one before it is gone."""


class LedgerBroken(GoodfaithError):
    """A sum that limits or balances rest on is not the sum of its postings."""


class PaymentFileUnusable(GoodfaithError):
    """A payment file cannot be read, or a row of it is no payment."""


class PaymentsDiffer(GoodfaithError):
    """A payment file and the ledger do not say the same."""


class AddressUnavailable(GoodfaithError):
    """The address to listen on is taken, or is not one of this machine."""


class NotHandedOn(GoodfaithError):
    """A notification was not taken, or nobody knows whether it was."""


class TargetUnusable(GoodfaithError):
    """The address for notifications is none that can be used."""


class BrokerUnavailable(GoodfaithError):
    """The broker does not answer, or what talks to it is not installed."""


class TracingUnavailable(GoodfaithError):
    """Traces are asked for, and what sends them is not installed."""


class NothingToJudge(GoodfaithError):
    """A log holds no event that could be read."""


class NoShadows(GoodfaithError):
    """No challenger has judged anybody, so there is nothing to compare."""


class PolicyFileUnusable(GoodfaithError):
    """A policy file cannot be read, or holds no policy of a kind that is asked for."""


class NothingChanges(GoodfaithError):
    """The policies to be compared say the same."""


class OutputUnwritable(GoodfaithError):
    """The file for the answer cannot be written."""


class Unavailable(GoodfaithError):
    """Something that answers depend on is not there."""


class StoreUnavailable(Unavailable):
    """The database does not answer, or is not one of ours."""


class StoreFull(StoreUnavailable):
    """The database has no room left for what is to be written."""


class ClockInDoubt(Unavailable):
    """The machine's clock has jumped, or is behind what the store has seen."""


class OutOfTime(Unavailable):
    """What was asked for took longer than anybody should wait; it may be done all the same."""


class SchemaOutdated(Unavailable):
    """The store's tables are of another version: `goodfaith migrate` brings them to this one."""


class ChampionUnloadable(Unavailable):
    """A model is promoted and cannot be loaded."""


class PolicyInvalid(Unavailable):
    """A policy is not one that can be followed."""


class AssessmentsStale(Unavailable):
    """The newest assessments are too old to be relied on."""
