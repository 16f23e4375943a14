"""Adverts, read before they are published: absolute claims, and promises that are not the merchant's to make.

Words are looked for in the text as people read it: without regard to case, to the width of letters, to accents, and
to whatever is put between Chinese characters to hide them. Each claim names the piece of the original text.
"""

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scoring.advert_policy import AdvertPolicy, Barred
from scoring.errors import ProgrammeUnknown
from scoring.programmes import ProgrammePolicy

__all__ = ["Advertiser", "Claim", "Finding", "Verdict", "check_advert"]


class Verdict(StrEnum):
    """What becomes of an advert, as `advert_checked` names it; the worst last."""

    PASSED = "passed"
    ABSOLUTE_CLAIM = "absolute_claim"
    FALSE_PROMISE = "false_promise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertiser:
    """Who advertises: the programmes it carries, and whether the goods' brand has authorised it."""

    programmes: Collection[str] = ()
    authorised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Words that may not stand there: `text[start:end]` of the advert, why, and by which law or programme."""

    verdict: Verdict
    code: str
    source: str
    start: int
    end: int
    words: str
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an advert was found to be, with every claim in the order of the text."""

    verdict: Verdict
    claims: tuple[Claim, ...]
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A text as it is read: its letters, and where each came from."""

    letters: str
    places: tuple[int, ...]

    def spans(self, word: str) -> Iterator[tuple[int, int]]:
        """Where a word stands; one of Latin letters only as a word of its own."""
        start = self.letters.find(word)
        while start >= 0:
            end = start + len(word)
            if self._apart(start, end):
                yield start, end
            start = self.letters.find(word, start + 1)

    def _apart(self, start: int, end: int) -> bool:
        before, after = self.letters[start - 1 : start], self.letters[end : end + 1]
        return not (_joins(before, self.letters[start]) or _joins(self.letters[end - 1], after))


def check_advert(text: str, advertiser: Advertiser, *, policy: AdvertPolicy, programmes: ProgrammePolicy) -> Finding:
    """Read an advert: everything in it that may not be said, and what that makes of it."""
    read = _read(text)
    excused = list(_found(read, policy.exceptions.words))
    found = [
        *(one for barred in policy.absolute for one in _barred(text, read, barred, Verdict.ABSOLUTE_CLAIM, excused)),
        *_promised(text, read, advertiser, policy, programmes),
    ]
    if not advertiser.authorised:
        found += _barred(text, read, policy.genuine, Verdict.FALSE_PROMISE, ())
    claims = sorted(_joined(found, text), key=lambda one: (one.start, one.end, one.code))
    order = list(Verdict)
    return Finding(
        verdict=max((one.verdict for one in claims), key=order.index, default=Verdict.PASSED),
        claims=tuple(claims),
        policy_version=policy.version,
    )


def _barred(
    text: str, read: _Read, barred: Barred, verdict: Verdict, excused: Sequence[tuple[int, int]]
) -> Iterator[Claim]:
    for start, end in _found(read, barred.words):
        if not any(first <= start and end <= last for first, last in excused):
            begin, stop = _of_the_text(read, start, end)
            yield Claim(
                verdict=verdict, code=barred.code, source=barred.source, start=begin, end=stop,
                words=text[begin:stop], text=barred.text, text_zh=barred.text_zh,
            )  # fmt: skip


def _promised(
    text: str, read: _Read, advertiser: Advertiser, policy: AdvertPolicy, programmes: ProgrammePolicy
) -> Iterator[Claim]:
    for promise in policy.promises:
        if promise.programme in advertiser.programmes:
            continue
        name, name_zh = _named(promise.programme, programmes)
        for start, end in _found(read, promise.words):
            begin, stop = _of_the_text(read, start, end)
            yield Claim(
                verdict=Verdict.FALSE_PROMISE, code=promise.code, source=promise.programme, start=begin, end=stop,
                words=text[begin:stop], text=policy.promised.text.format(name=name),
                text_zh=policy.promised.text_zh.format(name_zh=name_zh),
            )  # fmt: skip


def _named(programme: str, programmes: ProgrammePolicy) -> tuple[str, str]:
    try:
        found = programmes.programme(programme)
    except ProgrammeUnknown:
        return programme, programme
    return found.name, found.name_zh


def _found(read: _Read, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for word in words:
        yield from read.spans(_read(word).letters)


def _of_the_text(read: _Read, start: int, end: int) -> tuple[int, int]:
    return read.places[start], read.places[end - 1] + 1


def _joined(claims: Sequence[Claim], text: str) -> Iterator[Claim]:
    """Claims of one code that lie within or across each other as one: what people read as one claim is told once."""
    last: Claim | None = None
    for one in sorted(claims, key=lambda one: (one.code, one.start, one.end)):
        if last is None or last.code != one.code or one.start >= last.end:
            if last is not None:
                yield last
            last = one
        elif one.end > last.end:
            last = replace(last, end=one.end, words=text[last.start : one.end])
    if last is not None:
        yield last


# How a text is read.


def _read(text: str) -> _Read:
    """Letters in one case and width, without accents; nothing between Chinese characters, one space between words."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in _letters(character):
            if letter == " " and (not letters or letters[-1] == " "):
                continue
            letters.append(letter)
            places.append(place)
    kept = [at for at, letter in enumerate(letters) if letter != " " or _parts_words(letters, at)]
    return _Read(letters="".join(letters[at] for at in kept), places=tuple(places[at] for at in kept))


def _letters(character: str) -> Iterator[str]:
    """What a character is read as; whatever cannot be seen is read as nothing."""
    if unicodedata.category(character) in ("Cf", "Mn"):
        return
    for part in unicodedata.normalize("NFKD", character).casefold():
        if unicodedata.combining(part):
            continue
        yield part if part.isalnum() or part in "%#.,'-" else " "


def _parts_words(letters: Sequence[str], at: int) -> bool:
    """Whether a space stands between two words that are not Chinese: only there does it mean anything."""
    if at + 1 == len(letters):
        return False
    return not (_chinese(letters[at - 1]) or _chinese(letters[at + 1]))


def _chinese(letter: str) -> bool:
    return "一" <= letter <= "鿿"


def _joins(left: str, right: str) -> bool:
    """Whether two letters are of one word: Latin ones side by side."""
    return bool(left and right) and all(one.isalpha() and not _chinese(one) for one in (left, right))
