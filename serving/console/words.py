"""What the console calls things that programs name by codes. `N_` marks a sentence for translation."""

from collections.abc import Mapping

__all__ = ["BANDS", "KINDS", "LEVELS", "OUTCOMES", "ROLES", "STATES", "TROUBLES", "N_", "word"]


def N_(sentence: str) -> str:
    """The sentence itself: it is translated where it is shown."""
    return sentence


KINDS: Mapping[str, str] = {
    "programme": N_("Programme application"),
    "refund": N_("Refund"),
    "suspicion": N_("Suspected counterfeits"),
}
OUTCOMES: Mapping[str, str] = {
    "admit": N_("Admit"),
    "conditions": N_("Admit on conditions"),
    "review": N_("Review by a person"),
    "refuse": N_("Refuse"),
    "instant": N_("Refund at once"),
    "on_return_scan": N_("Refund at the return's first scan"),
    "standard": N_("Refund the usual way"),
    "upheld": N_("Upheld"),
    "dismissed": N_("Dismissed"),
}
STATES: Mapping[str, str] = {
    "met": N_("met"),
    "not_yet_proven": N_("not yet proven"),
    "failed": N_("failed"),
    "open": N_("open"),
    "resolved": N_("resolved"),
}
LEVELS: Mapping[str, str] = {
    "none": N_("No sign of counterfeits"),
    "watch": N_("Counterfeits: worth a look"),
    "high": N_("Counterfeits: likely"),
    "confirmed": N_("Counterfeits: confirmed"),
}
#: What a band means; the shares follow from the score policy's cuts, so they are not repeated here.
BANDS: Mapping[str, str] = {
    "A": N_("Very safe: promises are kept, on a long record."),
    "B": N_("Safe: little to worry about."),
    "C": N_("Middling, or too little is known: neither trusted nor accused."),
    "D": N_("Risky: look closely before anything is promised."),
    "E": N_("Very risky: about as likely to fail buyers as not."),
}
ROLES: Mapping[str, str] = {"reviewer": N_("reviewer"), "senior": N_("senior reviewer"), "admin": N_("administrator")}

#: Code of an error -> headline and advice.
TROUBLES: Mapping[str, tuple[str, str]] = {
    "page_unknown": (N_("There is no such page"), N_("The address may be mistyped, or the page may have moved.")),
    "merchant_unknown": (N_("This merchant is not known"), N_("No event of a merchant with this id was ever received.")),
    "case_unknown": (N_("This case is not known"), N_("No case has this id.")),
    "decision_unknown": (N_("This decision is not known"), N_("No decision has this id.")),
    "session_missing": (N_("You are not logged in any more"), N_("Nothing was changed. Log in and try again.")),
    "form_forged": (
        N_("This form was not accepted"),
        N_("It does not belong to your present log-in, so nothing was changed. Open the page again and repeat."),
    ),
    "case_closed": (N_("This case is closed already"), N_("Somebody resolved it before you; that stands.")),
    "resolution_invalid": (
        N_("The case was not resolved"),
        N_("Choose an outcome and give a reason of at most 2,000 characters."),
    ),
    "invalid": (N_("This request makes no sense"), N_("Something in the address or the form cannot be read.")),
    "unavailable": (N_("Goodfaith is not available now"), N_("Nothing was changed. Try again in a minute.")),
}


def word(table: Mapping[str, str], code: str) -> str:
    """What a code is called; one that has no name yet is shown as it is, rather than not at all.

    >>> word(OUTCOMES, "admit"), word(OUTCOMES, "brand_new")
    ('Admit', 'brand_new')
    """
    return table.get(code, code)
