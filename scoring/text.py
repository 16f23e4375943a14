"""A classifier of texts: character n-grams, weighed by how rare they are, and a softmax for each thing that is asked.

It gives what scikit-learn's TfidfVectorizer (`char_wb`, sublinear) and LogisticRegression gave in training, from their
numbers alone: the file `text.json` of a bundle of kind `text` holds them, and nothing is unpickled.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.bundle import Bundle
from scoring.errors import BundleBroken, GoldenRowsDiffer

__all__ = ["TEXT_FILE", "Head", "TextModel", "TextWeights", "read_weights"]

Floats = NDArray[np.float64]

TEXT_FILE = "text.json"

#: Golden texts may differ by this much: libraries of two machines differ in the last bits.
_TOLERANCE = 1e-9

#: Two spaces or more, as scikit-learn joins them.
_SPACES = re.compile(r"\s\s+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """One question: its answers (c,), the weight of each term for each (c, v), and where each begins (c,)."""

    classes: tuple[str, ...]
    weights: Floats
    intercept: Floats

    def p(self, terms: NDArray[np.int64], values: Floats) -> dict[str, float]:
        """How likely each answer is of a text with these terms."""
        z = self.weights[:, terms] @ values + self.intercept
        grown = np.exp(z - z.max())
        return dict(zip(self.classes, (grown / grown.sum()).tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class TextWeights:
    """Everything that was learned: n-grams of so many characters, the terms (v,) that count, their idf, the heads."""

    shortest: int
    longest: int
    terms: tuple[str, ...]
    idf: Floats
    heads: Mapping[str, Head]

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each term stands."""
        return {term: place for place, term in enumerate(self.terms)}

    def p(self, text: str) -> dict[str, dict[str, float]]:
        """Head -> answer -> how likely it is.

        >>> yes = Head(classes=("no", "yes"), weights=np.array([[0.0], [2.0]]), intercept=np.zeros(2))
        >>> one = TextWeights(shortest=1, longest=1, terms=("a",), idf=np.ones(1), heads={"topic": yes})
        >>> round(one.p("Aaa")["topic"]["yes"], 4)
        0.8808
        """
        counts = Counter(place for gram in self.ngrams(text) if (place := self.places.get(gram)) is not None)
        terms = np.array(sorted(counts), dtype=np.int64)
        values = np.array([1.0 + math.log(counts[place]) for place in terms.tolist()]) * self.idf[terms]
        length = math.sqrt(float(values @ values))
        values = values / length if length else values
        return {name: head.p(terms, values) for name, head in self.heads.items()}

    def ngrams(self, text: str) -> Iterator[str]:
        """The n-grams of each word with a space around it; a word that is too short for one gives itself, once."""
        for word in _SPACES.sub(" ", text.lower()).split():
            padded = f" {word} "
            for n in range(self.shortest, self.longest + 1):
                yield padded[:n]
                yield from (padded[at : at + n] for at in range(1, len(padded) - n + 1))
                if len(padded) <= n:
                    break

    def packed(self, golden: Sequence[str]) -> bytes:
        """As the bundle's file holds it, with what these texts give now."""
        heads = {
            name: {
                "classes": list(head.classes),
                "weights": head.weights.tolist(),
                "intercept": head.intercept.tolist(),
            }
            for name, head in self.heads.items()
        }
        plain = {
            "ngrams": [self.shortest, self.longest],
            "terms": list(self.terms),
            "idf": self.idf.tolist(),
            "heads": heads,
            "golden": [{"text": text, "p": self.p(text)} for text in golden],
        }
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class TextModel:
    """A bundle of texts, ready to read; may be asked from several threads. BundleBroken where its file is no such."""

    def __init__(self, bundle: Bundle, *, version: str = "") -> None:
        if bundle.kind != "text":
            raise BundleBroken(problem=f"a bundle of kind {bundle.kind} reads no texts")
        self.bundle = bundle
        self.version = version or bundle.digest[:12]
        self.weights, self._golden = read_weights(bundle.files[TEXT_FILE])

    def p(self, text: str) -> dict[str, dict[str, float]]:
        """Head -> answer -> how likely it is."""
        return self.weights.p(text)

    def check_golden(self) -> None:
        """Repeat the golden texts; GoldenRowsDiffer where there are none, or one comes out otherwise."""
        if not self._golden:
            raise GoldenRowsDiffer(problem="the bundle holds none")
        for row, (text, then) in enumerate(self._golden):
            now = self.p(text)
            off = [abs(now[head][one] - p) for head, answers in then.items() for one, p in answers.items()]
            if max(off, default=math.inf) > _TOLERANCE:
                raise GoldenRowsDiffer(problem=f"text {row} comes out otherwise")


def read_weights(content: bytes) -> tuple[TextWeights, list[tuple[str, dict[str, dict[str, float]]]]]:
    """What a file says, and its golden texts; BundleBroken where it does not say it."""
    try:
        plain = json.loads(content)
        weights = TextWeights(
            shortest=int(plain["ngrams"][0]),
            longest=int(plain["ngrams"][1]),
            terms=tuple(plain["terms"]),
            idf=np.array(plain["idf"], dtype=np.float64),
            heads={name: _head(head) for name, head in plain["heads"].items()},
        )
        golden = [(one["text"], one["p"]) for one in plain["golden"]]
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise BundleBroken(problem=f"{TEXT_FILE} cannot be read: {type(error).__name__}") from error
    _check(weights)
    return weights, golden


def _head(plain: Mapping[str, Any]) -> Head:
    weights, intercept = (np.array(plain[name], dtype=np.float64) for name in ("weights", "intercept"))
    return Head(classes=tuple(plain["classes"]), weights=weights, intercept=intercept)


def _check(weights: TextWeights) -> None:
    v = len(weights.terms)
    whole = [weights.idf.shape == (v,), len(set(weights.terms)) == v, 1 <= weights.shortest <= weights.longest]
    for head in weights.heads.values():
        c = len(head.classes)
        whole += [c >= 2, head.weights.shape == (c, v), head.intercept.shape == (c,)]
        whole += [bool(np.isfinite(head.weights).all()), bool(np.isfinite(head.intercept).all())]
    if not all([*whole, weights.heads, bool(np.isfinite(weights.idf).all())]):
        raise BundleBroken(problem=f"the parts of {TEXT_FILE} do not fit together")
