"""Texts as people write them: reviews, complaints, adverts' titles and merchants' messages, in bulk.

A text says what it is about, its topic, but not always: some are vague, off the topic, cut off, mistyped or in another
language, and some tell of a second trouble. What it says hangs on its key alone: neither on the machine nor on which
texts are written beside it.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.simulator.dice import Keys, chance, draw, one_of, pick
from features.simulator.grammar import WIDTH, Grammar, grammar_of, words_of
from features.simulator.slips import MANNERS, SLIPS

__all__ = ["KINDS", "NOISES", "Asked", "Writer", "Written", "topics_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]

#: What went wrong with a text, the strongest alone: a copy of a ring's, off its topic, cut off, and so on.
NOISES = ("copied", "off_topic", "truncated", "vague", "shouted", "careless", "bare", "switched", "typos", "plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often texts of a kind have an opening and so on, and which share is off in which way.

    `typos` holds the shares of texts with few and with many slips; `manners` those of `MANNERS` but the first.
    """

    opening: float = 0.0
    more: float = 0.0
    closing: float = 0.0
    switched: float = 0.0
    emoji: float = 0.0
    vague: float = 0.0
    off_topic: float = 0.0
    truncated: float = 0.0
    typos: tuple[float, float] = (0.0, 0.0)
    manners: tuple[float, float, float] = (0.0, 0.0, 0.0)


#: Own proposals: nobody publishes how badly people write.
KINDS = MappingProxyType(
    {
        "review": Plan(
            opening=0.30, more=0.30, closing=0.32, switched=0.03, emoji=0.13, vague=0.07, off_topic=0.03,
            truncated=0.03, typos=(0.20, 0.08), manners=(0.03, 0.10, 0.05),
        ),
        "complaint": Plan(
            opening=0.60, more=0.30, closing=0.65, switched=0.01, emoji=0.02, vague=0.02, off_topic=0.01,
            truncated=0.03, typos=(0.16, 0.05), manners=(0.04, 0.05, 0.03),
        ),
        "title": Plan(),
        "message": Plan(
            opening=0.50, closing=0.45, vague=0.06, truncated=0.02, typos=(0.07, 0.01), manners=(0.005, 0.03, 0.02),
        ),
    }
)  # fmt: skip

#: Topics of good news; everything else but `mixed` is bad news.
_GOOD = ("praise", "helpful")

#: The shares of slips among the pieces of a text with few and with many; Chinese slips only in words of its list.
_FEW, _MANY, _CHINESE = 0.04, 0.14, 3.0

#: Texts that are put together at a time.
_TOGETHER = 50_000

#: What is drawn for a text; places of clauses, slots and pieces begin at their own numbers.
(_OPENS, _GOES_ON, _ELSEWHERE, _CLOSES, _SWITCHES, _SMILES, _SAYS, _ASIDE, _SLIPS, _MANNER, _CUT, _COPY, _MOOD) = range(
    13
)
_CLAUSE, _FAMILY, _SLOT, _OWN, _PIECE, _WRONG = 1_000, 2_000, 10_000, 20_000, 40_000, 70_000

#: The clauses of a text, in order; each but the first follows a joint.
_OPENING, _CORE, _MORE, _CLOSING, _SWITCH, _EMOJI = range(6)


def topics_of(kind: str) -> tuple[str, ...]:
    """What texts of a kind may be about.

    >>> topics_of("title")
    ('honest', 'superlative', 'official', 'bait', 'medical', 'lookalike')
    """
    return tuple(name for name in words_of("en")[kind] if name not in ("open", "demand", "close"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Texts (n,) to be written: a key and a topic each, the category and brand (None = none) of the goods.

    Those of one `ring` (its key; 0 = none) are copies of a few, with small changes.
    """

    key: Keys
    topic: Words
    category: Words
    brand: Words
    ring: Keys

    def part(self, rows: slice | Ints) -> "Asked":
        """Some of them."""
        return Asked(key=self.key[rows], topic=self.topic[rows], category=self.category[rows],
                     brand=self.brand[rows], ring=self.ring[rows])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Texts (n,), and what went wrong with each (`NOISES`)."""

    text: pa.Array
    noise: Words


class Writer:
    """Writes texts in a language (en, zh, pt)."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._grammar: Grammar = grammar_of(language)

    def write(self, kind: str, asked: Asked) -> Written:
        """Texts of a kind; `KeyError` if a topic is none of its (`topics_of`)."""
        parts = [asked.part(slice(first, first + _TOGETHER)) for first in range(0, len(asked.key), _TOGETHER)]
        done = [_Sheet(self._grammar, kind, part).written() for part in parts]
        if not done:
            return Written(text=pa.array([], pa.string()), noise=np.zeros(0, dtype=object))
        return Written(
            text=pa.concat_arrays([one.text for one in done]), noise=np.concatenate([one.noise for one in done])
        )


class _Sheet:
    """Some texts of a kind on their way: clauses, then slots, then pieces."""

    def __init__(self, grammar: Grammar, kind: str, asked: Asked) -> None:
        self.grammar, self.kind, self.asked = grammar, kind, asked
        self.plan, self.n = KINDS[kind], len(asked.key)
        self.copied = asked.ring > 0
        # A ring has three texts to copy from.
        original = draw(asked.ring, one_of(draw(asked.key, _COPY), 3).astype(np.uint64))
        self.source = np.where(self.copied, original, asked.key)
        self.vague = self._happens(_SAYS, self.plan.vague) & ~self.copied
        self.aside = self._happens(_ASIDE, self.plan.off_topic) & ~self.copied
        self.switched = self._happens(_SWITCHES, self.plan.switched)

    def _happens(self, question: int, share: float) -> npt.NDArray[np.bool_]:
        return chance(draw(self.asked.key, question), share)

    def written(self) -> Written:
        """Put them together."""
        rows, templates, clause = self._clauses()
        rows, options = self._options(rows, templates, clause)
        _, _, _, of_option = self.grammar.frozen()
        owner, _, piece = of_option.all_of(options)
        rows = rows[owner]
        begin = np.searchsorted(rows, np.arange(self.n + 1))
        place = np.arange(len(rows)) - begin[rows]
        length = np.diff(begin)
        cut = self._happens(_CUT, self.plan.truncated) & (length > 6)
        kept = np.where(cut, length * 2 // 5, length)
        manner, slipped, variant = self._variants(rows, place)
        inside = place < kept[rows]
        text = _joined(self.grammar.variants, (piece * WIDTH + variant)[inside], kept)
        return Written(text=text, noise=self._noise(cut, manner, slipped))

    def _group(self, name: str) -> int:
        return self.grammar.groups[name]

    def _clauses(self) -> tuple[Ints, Ints, Ints]:
        """The clauses and joints of all texts, text by text: of which row, by which template, at which place."""
        groups = self._groups()
        of_group = self.grammar.frozen()[0]
        chosen = np.full((self.n, 12), -1, dtype=np.int64)
        for clause in range(6):
            there = np.flatnonzero(groups[:, clause] >= 0)
            group = groups[there, clause]
            key = self.source if clause in (_CORE, _MORE) else self.asked.key
            place = self._other(there, group, groups, draw(key[there], _CLAUSE + clause), clause)
            chosen[there, 2 * clause + 1] = of_group.one_of(group, place)
            later = there[(groups[there, :clause] >= 0).any(axis=1)]
            joint = np.full(len(later), self._group("joint"))
            place = one_of(draw(self.asked.key[later], _CLAUSE + 20 + clause), of_group.count[joint])
            chosen[later, 2 * clause] = of_group.one_of(joint, place)
        rows, places = np.nonzero(chosen >= 0)
        return rows.astype(np.int64), chosen[rows, places], places.astype(np.int64)

    def _other(self, there: Ints, group: Ints, groups: Ints, drawn: Keys, clause: int) -> Ints:
        """Which template of each group; a topic that goes on does not say the same again."""
        count = self.grammar.frozen()[0].count[group]
        if clause != _MORE:
            return one_of(drawn, count)
        first = one_of(draw(self.source[there], _CLAUSE + _CORE), count)
        again = group == groups[there, _CORE]
        other = (first + 1 + one_of(drawn, np.maximum(count - 1, 1))) % count
        return np.where(again, other, one_of(drawn, count))

    def _groups(self) -> Ints:
        """Which group each clause of each text is of (n, 6); -1 = it has no such clause."""
        names, place = _coded(self.asked.topic)
        core = np.array([self._group(f"{self.kind}.{one}") for one in names], dtype=np.int64)[place]
        either = np.array([one == "mixed" for one in names])[place] & self._happens(_MOOD, 0.5)
        mood = _ByMood(self.grammar, np.array([one in _GOOD for one in names])[place] | either)
        groups = np.full((self.n, 6), -1, dtype=np.int64)
        groups[:, _CORE] = core
        if self.kind in ("review", "complaint"):
            groups[:, _MORE] = self._more(mood)
            groups[:, _SWITCH] = np.where(self.switched, mood.of("switch"), -1)
            groups[:, _EMOJI] = np.where(self._happens(_SMILES, self.plan.emoji), mood.of("emoji"), -1)
        opening, closing, vague = self._frame(mood)
        groups[:, _OPENING] = np.where(self._happens(_OPENS, self.plan.opening), opening, -1)
        groups[:, _CLOSING] = np.where(self._happens(_CLOSES, self.plan.closing), closing, -1)
        groups[self.vague, _OPENING] = groups[self.vague, _MORE] = -1
        groups[self.vague, _CORE] = vague[self.vague]
        groups[self.aside] = -1
        groups[self.aside, _CORE] = self._group("clauses.off_topic")
        return groups

    def _frame(self, mood: "_ByMood") -> tuple[Ints, Ints, Ints]:
        """The groups (n,) of openings, closings and of what says nothing."""
        if self.kind == "review":
            return mood.of("open"), mood.of("close"), mood.of("vague")
        if self.kind == "complaint":
            return self._all("complaint.open"), self._all("complaint.demand"), mood.of("vague")
        return self._all("message.open"), self._all("message.close"), self._all("message.close")

    def _all(self, name: str) -> Ints:
        return np.full(self.n, self._group(name), dtype=np.int64)

    def _more(self, mood: "_ByMood") -> Ints:
        """Half of those who go on say more of the same, some tell of another trouble, the others say anything."""
        troubles = [one for one in topics_of("review") if one not in ("praise", "mixed")]
        other = np.array([self._group(f"review.{one}") for one in troubles])
        drawn = draw(self.source, _ELSEWHERE)
        names, place = _coded(self.asked.topic)
        same = np.array([self.grammar.groups.get(f"review.{one}", self._group(f"{self.kind}.{one}")) for one in names])
        elsewhere = np.where(mood.good, mood.of("more"), other[one_of(draw(drawn, 0), len(other))])
        which = pick(drawn, np.array([0.5, 0.15, 0.35]))
        more = np.choose(which, [same[place], elsewhere, mood.of("more")])
        return np.where(chance(draw(self.source, _GOES_ON), self.plan.more), more, -1)

    def _options(self, rows: Ints, templates: Ints, clause: Ints) -> tuple[Ints, Ints]:
        """Fill the slots: of which row each option is, and which one."""
        contexts, of_row = self._contexts()
        _, of_template, of_slot, _ = self.grammar.frozen()
        owner, place, slot = of_template.all_of(templates)
        row = rows[owner]
        loose = slot < 0
        position = _SLOT + clause[owner] * 64 + place
        position[loose] = _FAMILY + self.grammar.family[-1 - slot[loose]]
        slot[loose] = contexts[of_row[row[loose]], -1 - slot[loose]]
        key = self.source[row]
        if self.copied.any():
            own = self.copied[row] & chance(draw(self.asked.key[row], (position + _OWN).astype(np.uint64)), 0.12)
            key = np.where(own, self.asked.key[row], key)
        several = of_slot.count[slot] > 1
        chosen = np.zeros(len(slot), dtype=np.int64)
        drawn = draw(key[several], position[several].astype(np.uint64))
        chosen[several] = one_of(drawn, of_slot.count[slot[several]])
        return row, of_slot.one_of(slot, chosen)

    def _contexts(self) -> tuple[Ints, Ints]:
        """The loose slots of each pair of category and brand, and which pair each row is about."""
        abouts, first = _coded(self.asked.category)
        brands, second = _coded(self.asked.brand)
        pairs, place = np.unique(first * len(brands) + second, return_inverse=True)
        about = [abouts[one // len(brands)] for one in pairs]
        brand = [brands[one % len(brands)] for one in pairs]
        return self.grammar.contexts(about, brand, maker=self.kind == "title"), place

    def _variants(self, rows: Ints, place: Ints) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
        """The manner of each text, whether it has slips, and which variant of each piece is written."""
        plain = 1 - sum(self.plan.manners)
        manner = pick(draw(self.asked.key, _MANNER), np.array([plain, *self.plan.manners]))
        few, many = self.plan.typos
        rate = np.array([0.0, _FEW, _MANY])[pick(draw(self.asked.key, _SLIPS), np.array([1 - few - many, few, many]))]
        rate = rate * (_CHINESE if self.grammar.language == "zh" else 1.0)
        wrong = np.zeros(len(rows), dtype=np.int64)
        at_risk = np.flatnonzero(rate[rows] > 0)
        drawn = draw(self.asked.key[rows[at_risk]], (place[at_risk] + _PIECE).astype(np.uint64))
        hit = at_risk[chance(drawn, rate[rows[at_risk]])]
        wrong[hit] = 1 + one_of(draw(self.asked.key[rows[hit]], (place[hit] + _WRONG).astype(np.uint64)), SLIPS)
        slipped = np.zeros(self.n, dtype=np.bool_)
        slipped[rows[hit]] = True
        return manner, slipped, manner[rows] * (1 + SLIPS) + wrong

    def _noise(self, cut: npt.NDArray[np.bool_], manner: Ints, slipped: npt.NDArray[np.bool_]) -> Words:
        manners = [manner == MANNERS.index(one) for one in ("shouted", "careless", "bare")]
        found = [self.copied, self.aside, cut, self.vague, *manners, self.switched, slipped]
        return np.asarray(np.array(NOISES, dtype=object)[np.select(found, list(range(len(found))), len(found))])


class _ByMood:
    """The groups of clauses that come in a good and a bad mood."""

    def __init__(self, grammar: Grammar, good: npt.NDArray[np.bool_]) -> None:
        self.good = good
        self._groups = grammar.groups

    def of(self, word: str) -> Ints:
        """Of each text (n,) the group of a clause."""
        return np.where(self.good, self._groups[f"clauses.{word}_good"], self._groups[f"clauses.{word}_bad"])


def _coded(words: Words) -> tuple[list[str | None], Ints]:
    """The different words, and which of them each is."""
    coded = pa.array(words, pa.string()).dictionary_encode(null_encoding="encode")
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)


def _joined(variants: pa.Array, chosen: Ints, count: Ints) -> pa.Array:
    """Texts of `count` (n,) chosen variants each, one after another: what is taken in order lies joined in memory."""
    taken = variants.take(pa.array(chosen))
    ends = np.zeros(len(count) + 1, dtype=np.int64)
    np.cumsum(count, out=ends[1:])
    offsets = np.frombuffer(taken.buffers()[1], np.int32)[taken.offset : taken.offset + len(taken) + 1]
    joined = pa.StringArray.from_buffers(len(count), pa.py_buffer(offsets[ends].copy()), taken.buffers()[2])
    return pc.utf8_trim_whitespace(joined)
