"""What callers send and get where adverts are read (contracts 3.4)."""

from typing import Annotated

from pydantic import StringConstraints

from serving.schemas import Id, Sent, Told, Word

__all__ = ["AdvertAnswer", "AdvertBody"]


class AdvertBody(Sent):
    """An advert before it is published; `brand` and `category` are those of the goods."""

    merchant_id: Id
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    brand: Word | None = None
    category: Word | None = None


class ClaimAnswer(Told):
    """Words that may not stand there, `text[start:end]` of the advert (in characters), and why."""

    verdict: str
    code: str
    source: str
    start: int
    end: int
    words: str
    text: str
    text_zh: str


class AdvertAnswer(Told):
    """What the advert was found to be: passed, absolute_claim or false_promise, as `advert_checked` names it."""

    merchant_id: str
    outcome: str
    claims: list[ClaimAnswer]
    policy_version: str
