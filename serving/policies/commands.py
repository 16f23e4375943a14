"""`goodfaith policy`: what is wrong with a policy, before it judges anybody."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings import Settings

if TYPE_CHECKING:
    from scoring.lint.conditions import Proof
    from scoring.lint.given import Given
    from scoring.lint.rules import Finding

__all__ = ["mount"]


def mount(policy: typer.Typer) -> None:
    """Put the command among those of `policy`."""
    policy.command("lint")(lint_command)


def lint_command(
    file: Annotated[Path | None, typer.Argument(help="A policy (TOML); without one, all that come with Goodfaith.",
                                                exists=True, dir_okay=False)] = None,
    events: Annotated[list[Path] | None, typer.Option("--events", exists=True, help="An event log: tells what nothing "
                      "feeds, and how many merchants can prove a condition; repeat it for several.")] = None,
    attack: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="What `goodfaith attack --json` "
                      "printed: tells what is cheaper to cheat for than it is worth.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:  # fmt: skip
    """Find what in a policy cannot be meant, is missing, or nobody vouches for; exit 1 where it must not be loaded."""
    from scoring.lint.linter import lint, proofs_of

    texts = _texts(file)
    known = _known(events, attack, texts.values())
    found = {name: lint(text, known) for name, text in texts.items()}
    proofs = [proof for text in texts.values() for proof in proofs_of(text, known)]
    typer.echo(json.dumps(_plain(found, proofs), ensure_ascii=False, indent=1) if as_json
               else "\n".join((*_lines(found), *_proof_lines(proofs))))  # fmt: skip
    if any(one.severity == "error" for several in found.values() for one in several):
        sys.exit(1)


def _texts(file: Path | None) -> dict[str, str]:
    """Name -> text of what is to be looked at."""
    from serving.policy import shipped_texts

    if file is None:
        return {f"{name}.toml": text for name, text in shipped_texts().items()}
    try:
        return {file.name: file.read_text(encoding="utf-8")}
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no text in UTF-8") from error


def _known(events: list[Path] | None, attack: Path | None, texts: Iterable[str]) -> "Given":
    """What there is today, in the log if there is one, and what cheating costs if that was measured."""
    from scoring.lint.linter import proofs_of
    from serving.policies.lint import with_log, with_prices
    from serving.policy import given

    known = replace(given(), today=datetime.now(UTC).date())
    if attack:
        known = with_prices(known, attack)
    if not events:
        return known
    metrics = {proof.condition.metric for text in texts for proof in proofs_of(text, known)} & set(known.metrics)
    return with_log(known, events, metrics=sorted(metrics), currency=Settings().currency)


def _plain(found: "dict[str, tuple[Finding, ...]]", proofs: "Sequence[Proof]") -> dict[str, object]:
    return {
        "findings": [{"file": name, **one.plain} for name, several in found.items() for one in several],
        "conditions": [
            {"code": one.condition.code, "metric": one.condition.metric, "clean": one.clean,
             "clean_by_bound": one.by_bound, "able": one.able, "able_by_bound": one.able_by_bound}
            for one in proofs
        ],
    }  # fmt: skip


def _lines(found: "dict[str, tuple[Finding, ...]]") -> Iterator[str]:
    """The findings as people read them: what must be mended first."""
    for name, several in found.items():
        for one in several:
            yield f"{name}:{one.line}: {one.severity} {one.code} {one.text}"
        counts = ", ".join(f"{sum(one.severity == kind for one in several)} {kind}s" for kind in _KINDS)
        yield f"{name}: {counts}"


_KINDS = ("error", "warning", "note")


def _proof_lines(proofs: "Sequence[Proof]") -> Iterator[str]:
    """How many clean things each condition on a rate asks for, and how many merchants have as many."""
    if not proofs:
        return
    yield ""
    yield f"{'condition':<10}{'limit':>8}{'clean':>7}{'by bound':>10}{'able':>7}{'by bound':>10}  metric"
    for one in proofs:
        need = f"{'>=' if one.condition.at_least is not None else '<='} {one.condition.need:g}"
        yield (
            f"{one.condition.code:<10}{need:>8}{_whole(one.clean):>7}{_whole(one.by_bound):>10}"
            f"{_share(one.able):>7}{_share(one.able_by_bound):>10}  {one.condition.metric}"
        )


def _whole(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
