"""Errors of the serving floor.

GoodfaithError
├── Unauthenticated          401 unauthenticated
├── LogInRefused             401 log_in_refused
├── SessionMissing           401 session_missing
├── ScopeMissing             403 scope_missing
├── FormForged               403 form_forged
├── MerchantUnknown          404 merchant_unknown
├── KeyUnknown               404 key_unknown
├── PageUnknown              404 page_unknown
├── UserKnown                409 user_known
├── AddressUnavailable       command line only: nobody can listen there
├── NothingToJudge           command line only: a log without a single readable event
├── OutputUnwritable         command line only: an answer file cannot be written
└── Unavailable              503 unavailable
    ├── StoreUnavailable     503 store_unavailable
    ├── ChampionUnloadable   503 champion_unloadable
    ├── PolicyInvalid        503 policy_invalid
    └── AssessmentsStale     503 assessments_stale

Each error's message says what is wrong with the values; over HTTP it is the `detail` of a problem (RFC 9457),
so it never holds a key, a path of this machine or another system's message.
"""

from collections.abc import Mapping
from types import MappingProxyType

from features import errors as features_errors

__all__ = [
    "ANSWERS",
    "AddressUnavailable",
    "AssessmentsStale",
    "ChampionUnloadable",
    "FormForged",
    "GoodfaithError",
    "KeyUnknown",
    "LogInRefused",
    "MerchantUnknown",
    "NothingToJudge",
    "OutputUnwritable",
    "PageUnknown",
    "PolicyInvalid",
    "ScopeMissing",
    "SessionMissing",
    "StoreUnavailable",
    "Unauthenticated",
    "Unavailable",
    "UserKnown",
    "answer_to",
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


class MerchantUnknown(GoodfaithError):
    """No event of this merchant is known."""


class KeyUnknown(GoodfaithError):
    """No API key has this id."""


class AddressUnavailable(GoodfaithError):
    """The address to listen on is taken, or is not one of this machine."""


class NothingToJudge(GoodfaithError):
    """A log holds no event that could be read."""


class OutputUnwritable(GoodfaithError):
    """The file for the answer cannot be written."""


class Unavailable(GoodfaithError):
    """Something that answers depend on is not there."""


class StoreUnavailable(Unavailable):
    """The database does not answer, or is not one of ours."""


class ChampionUnloadable(Unavailable):
    """A model is promoted and cannot be loaded."""


class PolicyInvalid(Unavailable):
    """The score policy is not one that can be followed."""


class AssessmentsStale(Unavailable):
    """The newest assessments are too old to be relied on."""


#: HTTP status and stable code of every error that can reach a caller; a class without a row takes its parent's.
ANSWERS: Mapping[type[Exception], tuple[int, str]] = MappingProxyType(
    {
        Unauthenticated: (401, "unauthenticated"),
        ScopeMissing: (403, "scope_missing"),
        LogInRefused: (401, "log_in_refused"),
        SessionMissing: (401, "session_missing"),
        FormForged: (403, "form_forged"),
        PageUnknown: (404, "page_unknown"),
        UserKnown: (409, "user_known"),
        MerchantUnknown: (404, "merchant_unknown"),
        KeyUnknown: (404, "key_unknown"),
        Unavailable: (503, "unavailable"),
        StoreUnavailable: (503, "store_unavailable"),
        ChampionUnloadable: (503, "champion_unloadable"),
        PolicyInvalid: (503, "policy_invalid"),
        AssessmentsStale: (503, "assessments_stale"),
        features_errors.StoreUnavailable: (503, "store_unavailable"),
        GoodfaithError: (500, "internal"),
    }
)


def answer_to(error: Exception) -> tuple[int, str]:
    """Status and code for an error: its own row of the table, or that of the nearest class above it.

    >>> answer_to(MerchantUnknown("no such merchant"))
    (404, 'merchant_unknown')
    >>> answer_to(ValueError("a mistake of ours"))
    (500, 'internal')
    """
    return next((ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS), (500, "internal"))
