"""Proofs as plain JSON values; a figure that cannot be computed is None."""

import math
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from training.evaluate import Evaluation, Figure
from training.fit import moment_text

if TYPE_CHECKING:
    from training.train import Proof, Side

__all__ = ["plain_proof"]


def plain_proof(proof: "Proof") -> dict[str, Any]:
    """One split's."""
    return {
        "split": proof.split,
        "overlap": proof.overlap,
        "train": {
            "rows": len(proof.train),
            "bad": proof.train.bad,
            "from": moment_text(proof.train.as_of.min()),
            "to": moment_text(proof.train.as_of.max()),
            "data": proof.train.digest,
        },
        "test": {"from": _told(proof.test_from), "to": _told(proof.test_to)},
        "served": proof.choice.served,
        "chosen": proof.choice.plain(),
        "auc_gain_by_acts": _plain_figure(proof.acts.gain) if proof.acts else None,
        "auc_with_acts": _plain_figure(proof.acts.seeing) if proof.acts else None,
        "auc_without_acts": _plain_figure(proof.acts.without) if proof.acts else None,
        "merchants": {name: _plain_side(side) for name, side in proof.sides.items()},
    }


def _told(moment: datetime | None) -> str | None:
    return f"{moment.isoformat()}Z" if moment else None


def _plain_side(side: "Side") -> dict[str, Any]:
    return {
        "rows": side.model.rows,
        "bad": side.model.bad,
        "merchants": side.model.merchants,
        "model": _plain_figures(side.model),
        "baseline": _plain_figures(side.baseline),
        "candidates": {
            name: {**_plain_figures(judged), "auc_gain": _plain_figure(side.gains[name])}
            for name, judged in side.judged.items()
        },
        "groups": [_finite(one.plain()) for one in side.groups],
        "months": [_finite(asdict(one)) for one in side.months],
        "bounds": _finite(side.bounds.plain()),
        "ece_by_chance": side.chance,
        "auc_gain": _plain_figure(side.gain),
        "verdict": side.verdict,
    }


def _plain_figures(judged: Evaluation) -> dict[str, dict[str, float | None]]:
    return {name: _plain_figure(figure) for name, figure in judged.figures.items()}


def _plain_figure(figure: Figure) -> dict[str, float | None]:
    return dict(_finite(asdict(figure)))


def _finite(plain: Any) -> Any:
    """The same values, None where a figure cannot be computed."""
    if isinstance(plain, dict):
        return {name: _finite(value) for name, value in plain.items()}
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
