"""Recipes of models that read texts: what is learned from which rows, in TOML like every recipe."""

import hashlib
import tomllib
from dataclasses import dataclass, field
from typing import Literal

from training.errors import RecipeBroken
from training.recipe import recipe_text
from training.recipe_keys import Keys

__all__ = ["TEXTS", "TextRecipe", "reads_texts"]

#: The target of models that read complaints.
TEXTS: Literal["complaints"] = "complaints"


def reads_texts(name: str | None) -> bool:
    """Whether a recipe, shipped or in a file, is one of a model that reads texts; raises RecipeUnknown."""
    if name is None:
        return False
    try:
        return tomllib.loads(recipe_text(name)).get("target") == TEXTS
    except tomllib.TOMLDecodeError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecipe:
    """Everything that decides, together with the texts, what a classifier will be.

    Rows of `kind` count where the table has such a column. `major` are the log's topics whose texts tell of a major
    case, where no column `tier` says it. `golden` are texts of the recipe's own: a bundle repeats nobody's words.
    """

    name: str
    seed: int
    kind: str
    test_share: float
    shortest: int
    longest: int
    least_texts: int
    most_terms: int
    c: float
    major: tuple[str, ...]
    golden: tuple[str, ...]
    resamples: int
    text: str = field(repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the recipe's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def parse(cls, text: str) -> "TextRecipe":
        """Read a recipe from TOML; RecipeBroken names the key that is missing, unknown or out of its range."""
        try:
            top = Keys(tomllib.loads(text), "")
        except tomllib.TOMLDecodeError as error:
            raise RecipeBroken("(file)", f"is not TOML: {error}") from error
        top.one_of("target", (TEXTS,))
        texts, terms = top.table("texts"), top.table("terms")
        recipe = cls(
            name=top.take("name", str),
            seed=top.within("seed", int, 0, 2**31 - 1),
            kind=texts.take("kind", str),
            test_share=texts.within("test_share", float, 0.05, 0.9),
            major=texts.texts("major"),
            golden=texts.texts("golden"),
            shortest=terms.within("shortest", int, 1, 8),
            longest=terms.within("longest", int, 1, 8),
            least_texts=terms.within("least_texts", int, 1, 10**6),
            most_terms=terms.within("most_terms", int, 10, 50_000),
            c=top.within("c", float, 0.001, 10**6),
            resamples=top.within("resamples", int, 20, 100_000, 1000),
            text=text,
        )
        if recipe.shortest > recipe.longest:
            raise terms.broken("shortest", "is more than `longest`")
        for keys in (texts, terms, top):
            keys.finish()
        return recipe
