"""What each error is over HTTP: the one table of statuses and stable codes."""

from collections.abc import Mapping
from types import MappingProxyType

from features import errors as features_errors
from serving import errors

__all__ = ["ANSWERS", "answer_to"]

#: HTTP status and stable code of every error that can reach a caller; a class without a row takes its parent's.
ANSWERS: Mapping[type[Exception], tuple[int, str]] = MappingProxyType(
    {
        errors.Unauthenticated: (401, "unauthenticated"),
        errors.ScopeMissing: (403, "scope_missing"),
        errors.LogInRefused: (401, "log_in_refused"),
        errors.SessionMissing: (401, "session_missing"),
        errors.FormForged: (403, "form_forged"),
        errors.PageUnknown: (404, "page_unknown"),
        errors.UserKnown: (409, "user_known"),
        errors.MerchantUnknown: (404, "merchant_unknown"),
        errors.ListingUnknown: (404, "listing_unknown"),
        errors.OrderUnknown: (404, "order_unknown"),
        errors.KeyUnknown: (404, "key_unknown"),
        errors.ProgrammeUnknown: (404, "programme_unknown"),
        errors.DecisionUnknown: (404, "decision_unknown"),
        errors.CaseUnknown: (404, "case_unknown"),
        errors.IdempotencyConflict: (409, "idempotency_conflict"),
        errors.OrderAlreadyDecided: (409, "order_already_decided"),
        errors.CaseClosed: (409, "case_closed"),
        errors.SettlementImpossible: (409, "settlement_impossible"),
        errors.SettlementExceeds: (409, "settlement_exceeds"),
        errors.SecondPersonNeeded: (409, "second_person_needed"),
        errors.AppealTooLate: (409, "appeal_too_late"),
        errors.ComplaintKnown: (409, "complaint_known"),
        errors.CurrencyMismatch: (422, "currency_mismatch"),
        errors.MomentToCome: (422, "as_of_in_future"),
        errors.IdempotencyKeyMissing: (422, "idempotency_key_missing"),
        errors.IdempotencyKeyInvalid: (422, "idempotency_key_invalid"),
        errors.ResolutionInvalid: (422, "resolution_invalid"),
        errors.TooBusy: (429, "too_busy"),
        errors.Unavailable: (503, "unavailable"),
        errors.StoreUnavailable: (503, "store_unavailable"),
        errors.StoreFull: (503, "store_full"),
        errors.ClockInDoubt: (503, "clock_in_doubt"),
        errors.OutOfTime: (503, "out_of_time"),
        errors.SchemaOutdated: (503, "schema_outdated"),
        errors.ChampionUnloadable: (503, "champion_unloadable"),
        errors.PolicyInvalid: (503, "policy_invalid"),
        errors.AssessmentsStale: (503, "assessments_stale"),
        features_errors.StoreUnavailable: (503, "store_unavailable"),
        errors.GoodfaithError: (500, "internal"),
    }
)


def answer_to(error: Exception) -> tuple[int, str]:
    """Status and code for an error: its own row of the table, or that of the nearest class above it.

    >>> answer_to(errors.MerchantUnknown("no such merchant"))
    (404, 'merchant_unknown')
    >>> answer_to(ValueError("a mistake of ours"))
    (500, 'internal')
    """
    return next((ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS), (500, "internal"))
