"""A table of texts, to learn from: what was written, and what it is truly about."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scoring.complaint_policy import ComplaintPolicy
from training.errors import LabelsMissing, TableBroken
from training.table import read_columns
from training.text_recipe import TextRecipe

__all__ = ["Texts", "complaint_policy", "read_texts", "texts_of"]

Words = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """Texts (n,) with the policy's topic and whether each is a major case; "" where nobody says the language."""

    text: Words
    topic: Words
    major: npt.NDArray[np.bool_]
    language: Words

    def __len__(self) -> int:
        return len(self.text)

    def where(self, rows: npt.NDArray[np.bool_]) -> "Texts":
        """Some of them."""
        return Texts(text=self.text[rows], topic=self.topic[rows], major=self.major[rows], language=self.language[rows])

    def set_aside(self, share: float) -> npt.NDArray[np.bool_]:
        """Which (n,) are the test: by a hash of the text alone, so that the same words never stand on both sides."""
        return np.array([_fraction(one) < share for one in self.text], dtype=np.bool_)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the rows."""
        made = hashlib.sha256()
        for row in zip(self.text, self.topic, self.major.tolist(), strict=True):
            made.update(repr(row).encode())
        return made.hexdigest()


def complaint_policy() -> ComplaintPolicy:
    """The policy of complaints that comes with Goodfaith."""
    text = resources.files("scoring").joinpath("policies", "complaints.toml").read_text("utf-8")
    return ComplaintPolicy.parse(text)


def read_texts(path: Path, recipe: TextRecipe, policy: ComplaintPolicy) -> Texts:
    """The texts of a Parquet or CSV file, as `texts_of` reads them."""
    return texts_of(read_columns(path), recipe, policy, name=path.name)


def texts_of(table: pa.Table, recipe: TextRecipe, policy: ComplaintPolicy, *, name: str = "table") -> Texts:
    """The rows of a table with columns `text` and `topic`; of the recipe's `kind` where it has a column of that name.

    `tier` and `language` are read where they are there. Raises TableBroken where a column is not there or a topic is
    none of the policy's, LabelsMissing without rows.
    """
    missing = [one for one in ("text", "topic") if one not in table.column_names]
    if missing:
        raise TableBroken(name, f"has no column {' and no '.join(missing)}")
    kept = np.isin(_words(table, "kind"), ("", recipe.kind))
    if not kept.any():
        raise LabelsMissing("complaints", f"{name} has no rows of kind {recipe.kind!r}")
    rows = {column: _words(table, column)[kept] for column in ("text", "topic", "language", "tier")}
    major = rows["tier"] == "3" if "tier" in table.column_names else np.isin(rows["topic"], recipe.major)
    return Texts(
        text=rows["text"],
        topic=_covering(rows["topic"], policy, name),
        major=np.asarray(major, dtype=np.bool_),
        language=rows["language"],
    )


def _covering(fine: Words, policy: ComplaintPolicy, name: str) -> Words:
    """The policy's topics (n,) that cover the log's."""
    found = {one: policy.covering(one) for one in dict.fromkeys(fine)}
    strange = [str(one) for one, topic in found.items() if topic is None]
    if strange:
        raise TableBroken(name, f"has topics that the policy does not know: {', '.join(strange[:5])}")
    names = {one: topic.name for one, topic in found.items() if topic}
    return np.array([names[one] for one in fine], dtype=object)


def _words(table: pa.Table, name: str) -> Words:
    """A column as texts (n,), "" where it is null or not there."""
    if name not in table.column_names:
        return np.full(table.num_rows, "", dtype=object)
    return np.array(["" if one is None else str(one) for one in table[name].to_pylist()], dtype=object)


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
