"""What the console calls things that programs name by codes."""

from collections.abc import Mapping

__all__ = [
    "BANDS",
    "CAUSES",
    "CHANNELS",
    "FOLLOWS",
    "GROUNDS",
    "KINDS",
    "LEVELS",
    "OUTCOMES",
    "PARTIES",
    "ROLES",
    "STATES",
    "TROUBLES",
    "VALUES",
    "marked",
    "word",
]


def marked(sentence: str) -> str:
    """The sentence itself, marked as one to be translated: that is done where it is shown."""
    return sentence


KINDS: Mapping[str, str] = {
    "programme": marked("Programme application"),
    "refund": marked("Refund"),
    "suspicion": marked("Suspected counterfeits"),
    "link": marked("Link with a removed merchant"),
    "standing": marked("Place in a programme"),
    "complaint": marked("Complaint"),
    "penalty": marked("Penalty"),
    "appeal": marked("Objection to a decision"),
    "change": marked("A change that shifted the answers"),
}
OUTCOMES: Mapping[str, str] = {
    "admit": marked("Admit"),
    "conditions": marked("Admit on conditions"),
    "review": marked("Review by a person"),
    "refuse": marked("Refuse"),
    "instant": marked("Refund at once"),
    "on_return_scan": marked("Refund at the return's first scan"),
    "standard": marked("Refund the usual way"),
    "upheld": marked("Upheld"),
    "dismissed": marked("Dismissed"),
    "confirmed": marked("Confirmed"),
    "refuted": marked("Refuted"),
    "keep": marked("Keeps its place"),
    "warn": marked("Warned"),
    "suspend": marked("Suspended"),
    "expel": marked("Expelled"),
    "solved": marked("Solved"),
    "unsolved": marked("Not solved"),
    "referred": marked("Referred"),
    "apply": marked("Apply it"),
    "drop": marked("Drop it"),
    "warning": marked("Warning"),
    "points": marked("Points are shown"),
    "demotion": marked("Shown after others"),
    "suspension": marked("No new orders for a while"),
    "removal": marked("Removed"),
    "lifted": marked("Penalty taken back"),
    "stands": marked("The change stands"),
    "withdrawn": marked("The change is taken back"),
}
#: Kind of a case -> outcome -> what follows from ending it so.
FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "programme": {
        "admit": marked("The platform reads this answer and lets the merchant in."),
        "refuse": marked("The merchant stays out; it may apply again."),
    },
    "refund": {
        "instant": marked("The amount is held for this refund, so that it can be paid at once."),
        "standard": marked("The refund is paid the usual way; the buyer's right to it is not touched."),
    },
    "suspicion": {
        "upheld": marked("You found it true. The score follows once the platform sends its finding as an event."),
        "dismissed": marked("You found nothing to it. The score stays as it is."),
    },
    "link": {
        "confirmed": marked("The merchant is stopped in every programme: it is the one that was removed."),
        "refuted": marked("The link counts no more; the merchant may apply again."),
    },
    "complaint": {
        "solved": marked("The buyer has what was due. The complaint is closed."),
        "unsolved": marked("There was no agreement. Another complaint about this order is a major case."),
        "referred": marked("Somebody else deals with it, such as the regulator or a court."),
    },
    "appeal": {
        "upheld": marked("Once another person agrees the decision is set aside, and a penalty is lifted."),
        "dismissed": marked("The decision stands. It cannot be objected to again."),
    },
    "penalty": {
        "apply": marked(
            "It holds once another person has approved it and its notice is over. The merchant may object."
        ),
        "drop": marked("Nothing follows. What was found still counts if more is found."),
    },
    "change": {
        "stands": marked(
            "Once another person has approved it, the changed policy judges again. A model has to be promoted again."
        ),
        "withdrawn": marked("What judged before the change judges again, until there is a new version."),
    },
}
#: Where a complaint came in.
CHANNELS: Mapping[str, str] = {
    "app": marked("the app"),
    "phone": marked("phone"),
    "chat": marked("chat"),
    "mail": marked("mail"),
    "social": marked("social media"),
    "12315": marked("the regulator's platform 12315"),
    "consumer_association": marked("a consumer association"),
    "court": marked("a court"),
}
#: Why a complaint is as grave as it is.
CAUSES: Mapping[str, str] = {
    "stated": marked("Its sender says so."),
    "demand": marked("Something is demanded."),
    "safety": marked("Somebody may be hurt."),
    "classifier": marked("The classifier reads it so."),
    "many_buyers": marked("Several buyers complained of the same goods."),
    "large_sum": marked("It is about a large sum."),
    "refused_before": marked("It was refused before."),
    "channel": marked("It came by a channel with a clock of its own."),
    "overdue": marked("Nobody ended it in time."),
}
#: Who pays a refund first, and who finally does.
PARTIES: Mapping[str, str] = {
    "merchant": marked("the merchant"),
    "platform": marked("the platform"),
    "carrier": marked("the carrier"),
    "buyer": marked("the buyer"),
    "undecided": marked("not decided yet"),
}
#: Why a buyer wants money back.
GROUNDS: Mapping[str, str] = {
    "no_reason": marked("No reason given"),
    "quality": marked("Poor quality"),
    "not_as_described": marked("Not as described"),
    "counterfeit": marked("Counterfeit"),
    "damaged": marked("Damaged"),
    "late": marked("Too late"),
    "wrong_item": marked("Wrong item"),
    "missing_parts": marked("Parts are missing"),
    "unsafe": marked("Unsafe"),
    "not_received": marked("Never arrived"),
    "other": marked("Something else"),
}
#: What a paper's check may have said, where a condition asks for a paper.
VALUES: Mapping[str, str] = {"valid": marked("valid"), "expired": marked("expired"), "failed": marked("not valid")}
STATES: Mapping[str, str] = {
    "met": marked("met"),
    "not_yet_proven": marked("not yet proven"),
    "failed": marked("failed"),
    "missing": marked("nothing to judge by"),
    "not_applicable": marked("does not apply"),
    "open": marked("open"),
    "resolved": marked("resolved"),
    "waits": marked("waits for approval"),
}
#: How far the suspicion of counterfeits goes; what it is about stands before it.
LEVELS: Mapping[str, str] = {
    "none": marked("No sign"),
    "watch": marked("Worth a look"),
    "high": marked("Likely"),
    "confirmed": marked("Confirmed"),
}
#: What a band means; the shares follow from the score policy's cuts, so they are not repeated here.
BANDS: Mapping[str, str] = {
    "A": marked("Very safe: promises are kept, on a long record."),
    "B": marked("Safe: little to worry about."),
    "C": marked("Middling, or too little is known: neither trusted nor accused."),
    "D": marked("Risky: look closely before anything is promised."),
    "E": marked("Very risky: close to an even chance of failing buyers, or worse."),
}
ROLES: Mapping[str, str] = {
    "reviewer": marked("reviewer"),
    "senior": marked("senior reviewer"),
    "admin": marked("administrator"),
}

#: Code of an error -> headline and advice.
TROUBLES: Mapping[str, tuple[str, str]] = {
    "page_unknown": (
        marked("There is no such page"),
        marked("The address may be mistyped, or the page may have moved."),
    ),
    "merchant_unknown": (
        marked("This merchant is not known"),
        marked("No event of a merchant with this id was ever received."),
    ),
    "case_unknown": (marked("This case is not known"), marked("No case has this id.")),
    "decision_unknown": (marked("This decision is not known"), marked("No decision has this id.")),
    "session_missing": (marked("You are not logged in any more"), marked("Nothing was changed. Log in and try again.")),
    "form_forged": (
        marked("This form was not accepted"),
        marked("It does not belong to your present log-in, so nothing was changed. Open the page again and repeat."),
    ),
    "case_closed": (marked("This case is closed already"), marked("Somebody resolved it before you; that stands.")),
    "second_person_needed": (
        marked("You cannot approve this"),
        marked("It takes a senior reviewer who did not propose it."),
    ),
    "order_already_decided": (
        marked("The case was not resolved"),
        marked("At once, more would be refunded for this order than was paid for it. Choose another outcome."),
    ),
    "resolution_invalid": (
        marked("The case was not resolved"),
        marked("Choose an outcome and give a reason of at most 2,000 characters."),
    ),
    "invalid": (marked("This request makes no sense"), marked("Something in the address or the form cannot be read.")),
    "unavailable": (marked("Goodfaith is not available now"), marked("Nothing was changed. Try again in a minute.")),
}


def word(table: Mapping[str, str], code: str) -> str:
    """What a code is called; one that has no name yet is shown as it is, rather than not at all.

    >>> word(OUTCOMES, "admit"), word(OUTCOMES, "brand_new")
    ('Admit', 'brand_new')
    """
    return table.get(code, code)
