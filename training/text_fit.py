"""Learning to read: scikit-learn fits, and its numbers become weights that serving can do alone."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from scoring.text import Head, TextWeights
from training.errors import OneSided
from training.text_recipe import TextRecipe
from training.texts import Texts

__all__ = ["HEADS", "Fitted", "fit_texts"]

#: Digits that are kept of a weight: what is measured and served is the rounded model, and its file stays small.
_DIGITS = 6

#: What is asked of a text.
HEADS = ("topic", "major")


class Fitted:
    """What scikit-learn learned, rounded: `vectorizer_`, and `heads_` by name."""

    def __init__(self, recipe: TextRecipe) -> None:
        self.recipe = recipe

    def fit(self, texts: Texts) -> "Fitted":
        """Learn; raises OneSided where all texts are of one topic."""
        recipe = self.recipe
        self.vectorizer_ = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(recipe.shortest, recipe.longest), min_df=recipe.least_texts,
            max_features=recipe.most_terms, sublinear_tf=True,
        )  # fmt: skip
        X = self.vectorizer_.fit_transform(texts.text)
        self.vectorizer_.idf_ = np.round(self.vectorizer_.idf_, _DIGITS)
        X = self.vectorizer_.transform(texts.text)
        if len(set(texts.topic)) < 2:
            raise OneSided("texts", rows=len(texts), bad=0)
        self.heads_ = {"topic": self._head(X, texts.topic)}
        if 0 < texts.major.sum() < len(texts):
            self.heads_["major"] = self._head(X, np.where(texts.major, "yes", "no"))
        return self

    def _head(self, X: object, y: npt.NDArray[np.object_]) -> LogisticRegression:
        head = LogisticRegression(C=self.recipe.c, max_iter=1000, random_state=self.recipe.seed)
        head.fit(X, y)
        head.coef_, head.intercept_ = np.round(head.coef_, _DIGITS), np.round(head.intercept_, _DIGITS)
        return head

    def p(self, texts: npt.NDArray[np.object_]) -> Mapping[str, npt.NDArray[np.float64]]:
        """Head -> probabilities (n, c), by scikit-learn itself."""
        X = self.vectorizer_.transform(texts)
        return {name: head.predict_proba(X) for name, head in self.heads_.items()}

    def weights(self) -> TextWeights:
        """The same as numbers that need no scikit-learn."""
        terms = sorted(self.vectorizer_.vocabulary_, key=self.vectorizer_.vocabulary_.__getitem__)
        return TextWeights(
            shortest=self.recipe.shortest,
            longest=self.recipe.longest,
            terms=tuple(map(str, terms)),
            idf=np.asarray(self.vectorizer_.idf_, dtype=np.float64),
            heads={name: _plain(head) for name, head in self.heads_.items()},
        )


def fit_texts(texts: Texts, recipe: TextRecipe) -> Fitted:
    """Learn what a recipe says from texts."""
    return Fitted(recipe).fit(texts)


def _plain(head: LogisticRegression) -> Head:
    weights, intercept = np.asarray(head.coef_), np.asarray(head.intercept_)
    if len(weights) == 1:
        # Of two answers scikit-learn keeps one row; against a row of zeros it is the same softmax.
        weights = np.vstack([np.zeros_like(weights), weights])
        intercept = np.concatenate([[0.0], intercept])
    return Head(classes=tuple(map(str, head.classes_)), weights=weights, intercept=intercept)
