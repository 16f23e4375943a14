"""The use case: learn to read complaints, prove it on texts set aside beside the rules alone, register the model."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from scoring.bundle import Bundle, Calibration, Golden
from scoring.complaint_policy import ComplaintPolicy
from scoring.complaints import Complaint, Guess, triage
from scoring.scorecard import STANDARD
from scoring.text import TEXT_FILE, TextModel
from training.errors import OneSided
from training.evaluate import Figure
from training.registry import NAMES, Registry
from training.text_figures import Answers, figures
from training.text_fit import Fitted, fit_texts
from training.text_recipe import TEXTS, TextRecipe
from training.texts import Texts

__all__ = ["TextReport", "bundle_of_texts", "judge", "text_lines", "train_texts"]

#: Triage wants to know when a complaint came in; nothing that is measured hangs on it.
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReport:
    """What was learned and how well it reads: name of a set -> name of a figure -> its value with its interval."""

    version: str
    digest: str
    rows: int
    tested: int
    terms: int
    size: int
    figures: Mapping[str, Mapping[str, Figure]]

    @property
    def metrics(self) -> dict[str, float]:
        """As the registry keeps them."""
        return {
            f"{where}.{name}{end}": value
            for where, found in self.figures.items()
            for name, figure in found.items()
            for end, value in (("", figure.value), (".low", figure.low), (".high", figure.high))
            if np.isfinite(value)
        }

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)).replace("NaN", "null"))
        return plain


def train_texts(
    texts: Texts,
    recipe: TextRecipe,
    policy: ComplaintPolicy,
    *,
    registry: Registry,
    say: Callable[[str], None] = lambda text: None,
) -> TextReport:
    """Learn from three texts of four or as the recipe says, prove it on the others, register what was learned."""
    aside = texts.set_aside(recipe.test_share)
    train, test = texts.where(~aside), texts.where(aside)
    if not len(train) or not len(test):
        raise OneSided("texts", rows=len(texts), bad=int(texts.major.sum()))
    say(f"learning from {len(train):,} texts")
    bundle = bundle_of_texts(fit_texts(train, recipe), train, recipe)
    model = TextModel(bundle)
    model.check_golden()
    say(f"reading {len(test):,} others")
    found = judge(model, test, policy, recipe)
    report = TextReport(
        version="", digest=bundle.digest, rows=len(train), tested=len(test), terms=len(model.weights.terms),
        size=len(bundle.files[TEXT_FILE]), figures=found,
    )  # fmt: skip
    say("registering")
    version = registry.register(
        bundle,
        metrics=report.metrics,
        parameters={"recipe": recipe.name, "recipe_digest": recipe.digest, "data": texts.digest},
        files={"recipe.toml": recipe.text.encode(), "report.json": json.dumps(report.plain(), indent=1).encode()},
    )
    return TextReport(**{**{name: getattr(report, name) for name in TextReport.__slots__}, "version": version})


def judge(
    model: TextModel, texts: Texts, policy: ComplaintPolicy, recipe: TextRecipe
) -> dict[str, Mapping[str, Figure]]:
    """How well texts are sorted, all and by language: by rules alone, by the classifier alone, and as served."""
    guesses = [Guess.of(model.p(text)) for text in texts.text]
    answers = {
        "rules": _answers(texts, policy, [None] * len(texts)),
        "classifier": Answers(
            topic=np.array([one.topic for one in guesses], dtype=object),
            major=np.array([one.p_major >= 0.5 for one in guesses], dtype=np.bool_),
        ),
        "served": _answers(texts, policy, guesses),
    }
    sets = {"all": np.ones(len(texts), dtype=np.bool_)}
    sets |= {one: texts.language == one for one in sorted(set(texts.language)) if one}
    return {name: figures(texts, answers, rows, recipe) for name, rows in sets.items()}


def _answers(texts: Texts, policy: ComplaintPolicy, guesses: Sequence[Guess | None]) -> Answers:
    found = [
        triage(Complaint(received_at=_SOME_DAY, text=text), policy=policy, guess=guess)
        for text, guess in zip(texts.text, guesses, strict=True)
    ]
    return Answers(
        topic=np.array([one.topic for one in found], dtype=object),
        major=np.array([one.tier == 3 for one in found], dtype=np.bool_),
    )


def text_lines(report: TextReport) -> list[str]:
    """The report as people read it."""
    lines = [
        f"{TEXTS} {report.version}: learned from {report.rows:,} texts, proved on {report.tested:,} others; "
        f"{report.terms:,} terms, {report.size / 1000:,.0f} kB"
    ]
    for where, found in report.figures.items():
        lines += [f"  {where}:", *(f"    {name:<24}{figure}" for name, figure in found.items())]
    return lines


def bundle_of_texts(fitted: Fitted, train: Texts, recipe: TextRecipe) -> Bundle:
    """The bundle of what was learned from texts."""
    return Bundle(
        kind="text",
        target=TEXTS,
        name=NAMES[TEXTS],
        features=(),
        calibration=Calibration(),
        scaling=STANDARD,
        training={
            "rows": len(train), "bad": int(train.major.sum()), "recipe": recipe.digest, "data": train.digest,
        },
        golden=Golden(),
        files={TEXT_FILE: fitted.weights().packed(recipe.golden)},
    )  # fmt: skip
