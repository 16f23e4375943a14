"""What `goodfaith score` does: judge everybody in files or in the store, and put the answers where they belong."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import typer

from features.log import FileLog
from features.partition import Accepted
from features.settings import Settings
from features.store import EventStore
from serving.assess import Counts, Judge, assess_everybody, judge_everybody, nothing_more
from serving.champions import Champions, current_declarations, live_challengers, live_models
from serving.policies.folder import read_folder
from serving.score_file import writing_scores
from serving.store import AssessmentStore, opened

__all__ = ["score_files", "score_store"]


def score_files(
    champions: Champions, settings: Settings, *, files: Sequence[Path], as_of: datetime | None, out: Path
) -> Counts:
    """Judge everybody in files as of a midnight, by default the first at which every event is known."""
    log = FileLog(files, currency=settings.currency)
    judge = _judge(champions, settings)
    counts = Counts()
    with writing_scores(out) as file:
        for batch in judge_everybody(log, judge, as_of=as_of, heard=_warn):
            file.add(batch)
            counts = counts.plus(batch)
    return counts


def score_store(
    champions: Champions, settings: Settings, *, as_of: datetime | None, out: Path | None, now: datetime
) -> Counts:
    """Judge everybody in the store as of a midnight, by default today's, and remember it; `out` gets it too."""
    judge, midnight = _challenged(_judge(champions, settings), champions), as_of or _midnight_of(now)
    with opened(settings.database) as engine, writing_scores(out) if out else nullcontext() as file:
        events = EventStore(engine)
        events.settle_currency(settings.currency)
        store, log = AssessmentStore(engine), events.log()
        return assess_everybody(store, log, judge, as_of=midnight, now=now, each=file.add if file else nothing_more)


def _judge(champions: Champions, settings: Settings) -> Judge:
    models, policy = live_models(champions, current_declarations()), read_folder(settings.policies)["score"]
    models.check_fit(policy)
    return Judge(models=models, policy=policy, currency=settings.currency)


def _challenged(judge: Judge, champions: Champions) -> Judge:
    """The judge with the challengers beside it; one that cannot be loaded is told, and left out."""
    found = live_challengers(champions, current_declarations(), judge.policy)
    for why in found.troubles.values():
        typer.echo(f"Left out: {why}", err=True)
    return replace(judge, challengers=found)


def _warn(heard: Accepted) -> None:
    """Tell people of the rows that were left out."""
    for code, count in heard.rejected.most_common():
        typer.echo(f"{count} rows rejected: {code} (first: {heard.example[code]})", err=True)


def _midnight_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
