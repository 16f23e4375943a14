"""How words are miswritten: slips of the finger and the ear, shouting and carelessness, by language.

All variants of a piece of text (a word, a sign) are made once; whoever writes then chooses among them.
"""

import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from functools import cache

__all__ = ["MANNERS", "SLIPS", "lookalikes", "pieces_of", "variants_of"]

#: How somebody writes: as one should, shouting, without caring, or (Chinese) without signs, (Portuguese) accents.
MANNERS = ("plain", "shouted", "careless", "bare")

#: How many slips are known of each piece.
SLIPS = 7

_SIGNS = ",.!?;:()\"'…~-—，。！？；：、（）“”"
_WORD = re.compile(r"\s*[\w'’-]+|\s*[^\w\s]+|\s+")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _KEYBOARD
    for place, letter in enumerate(row)
}


def pieces_of(text: str, slips: Mapping[str, Sequence[str]], language: str) -> list[str]:
    """Cut a text into pieces that can be miswritten; together they are the text.

    >>> pieces_of("Not bad, really!", {}, "en")
    ['Not', ' bad', ',', ' really', '!']
    >>> pieces_of("东西不错。", {"不错": ["不措"]}, "zh")
    ['东西', '不错', '。']
    """
    return (_chinese(tuple(slips)) if language == "zh" else _WORD).findall(text)


@cache
def _chinese(known: tuple[str, ...]) -> re.Pattern[str]:
    """Chinese has no spaces: it is cut at the words of which slips are known, and at signs."""
    words = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    signs = f"[{re.escape(_SIGNS)}]"
    return re.compile(f"{words}|{signs}+|(?:(?!{words}|{signs}).)+", re.DOTALL)


def variants_of(piece: str, slips: Mapping[str, Sequence[str]], language: str) -> list[str]:
    """All variants of a piece: for each of `MANNERS` the right one and `SLIPS` wrong ones."""
    wrong = [_slip(piece, slips, number) for number in range(SLIPS)]
    return [_in_manner(one, manner, language) for manner in MANNERS for one in (piece, *wrong)]


def _slip(piece: str, slips: Mapping[str, Sequence[str]], number: int) -> str:
    """The piece with its number-th slip, or as it is where none is known."""
    word = piece.lstrip()
    lead = piece[: len(piece) - len(word)]
    known = slips.get(word.lower(), ())
    if known and (number < 2 * len(known) or not word.isascii()):
        wrong = known[number % len(known)]
        return lead + (wrong.capitalize() if word[:1].isupper() else wrong)
    latin = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").isalpha()
    return lead + _fumbled(word, zlib.crc32(f"{word}/{number}".encode())) if latin and len(word) > 3 else piece


def _fumbled(word: str, chance: int) -> str:
    """A word with two letters swapped, one left out, doubled, or the key beside it hit.

    >>> [_fumbled("parcel", chance) for chance in (0, 1, 2, 7)]
    ['pracel', 'prcel', 'paarcel', 'paecel']
    """
    place = 1 + chance // 4 % (len(word) - 2)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    if chance % 4 == 0:
        return before + after[:1] + letter + after[1:]
    if chance % 4 == 1:
        return before + after
    beside = _BESIDE.get(letter, "")
    if chance % 4 == 2 or not beside:
        return before + letter + letter + after
    return before + beside[chance // 64 % len(beside)] + after


def _in_manner(piece: str, manner: str, language: str) -> str:
    if manner == "plain":
        return piece
    sign = piece.strip() != "" and all(one in _SIGNS for one in piece.strip())
    if language == "zh":
        shouted = {"，": "！", "。": "！！！", "！": "！！！"}.get(piece, piece)
        return {"shouted": shouted, "careless": " " if sign else piece, "bare": "" if sign else piece}[manner]
    if manner == "shouted":
        return piece.upper().replace("!", "!!!")
    if manner == "bare":
        return _unaccented(piece) if language == "pt" else piece.lower()
    return "" if sign else _unaccented(piece).lower().replace("'", "")


def _unaccented(text: str) -> str:
    """A text without its accents.

    >>> _unaccented("não é péssimo")
    'nao e pessimo'
    """
    return "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))


_TWINS = {
    "o": "0ο",
    "l": "1I",
    "i": "1l",
    "e": "3е",
    "a": "4а",
    "s": "5$",
    "t": "7",
    "c": "с",
    "n": "п",
    "u": "ü",
    "v": "u",
}


def lookalikes(brand: str) -> list[str]:
    """What sellers of copies make of a brand's name, each different from it.

    >>> lookalikes("Stridel")[:4]
    ['S7ridel', 'Str1del', 'Strldel', 'Strid3l']
    """
    swapped = [
        brand[:place] + twin + brand[place + 1 :]
        for place, letter in enumerate(brand)
        if place and letter in _TWINS
        for twin in _TWINS[letter]
    ]
    starred = [f"{brand[:2]}*{brand[3:]}", f"{brand[0]}-{brand[1:]}", f"{brand[:2]}**", ".".join(brand[:4]) + brand[4:]]
    doubled = [brand[:place] + brand[place] + brand[place:] for place in (2, len(brand) - 1) if 0 < place < len(brand)]
    return [one for one in dict.fromkeys([*swapped, *starred, *doubled]) if one != brand]
