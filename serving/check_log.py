"""Look at an incoming log before it is taken in: against the store, if there is one, and without writing to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import ArgumentError

from features.checks.declared import Finding
from features.checks.past import Past
from features.checks.report import Report, check_log
from features.checks.starved import Starved
from features.database import open_engine, reading
from features.log import FileLog
from features.progress import Watch
from features.settings import Settings
from features.store import EventStore
from features.tables import settled
from serving.ingest.files import CLOCKS_MAY_DIFFER

__all__ = ["check_files", "told"]

#: Absences that people are shown; JSON has all of them.
_SHOWN = 8


def check_files(files: Sequence[Path], settings: Settings, *, now: datetime, watch: Watch) -> Report:
    """The report on some files taken together, as they would go into the store of the settings.

    Raises `CurrencyDiffers` where that store is in another currency, as `ingest` does.
    """
    log = FileLog(files, currency=settings.currency)
    with _past(settings) as past:
        return check_log(log, clock=now + CLOCKS_MAY_DIFFER, past=past, watch=watch)


@contextmanager
def _past(settings: Settings) -> Iterator[Past | None]:
    """The store, as it is; None where there is none, and none is made."""
    if not _is_there(settings.database):
        yield None
        return
    engine = open_engine(settings.database)
    try:
        held = EventStore(engine)
        with reading(engine) as tx:
            made = inspect(tx).has_table(settled.name)
        yield Past(held) if made and held.has_currency(settings.currency) else None
    finally:
        engine.dispose()


def _is_there(url: str) -> bool:
    """Whether a store in a file has its file: to open one that is missing would make it."""
    try:
        where = make_url(url)
    except ArgumentError:
        # Whoever opens it says what is wrong with it.
        return True
    return where.get_backend_name() != "sqlite" or Path(where.database or "").is_file()


def told(report: Report) -> Iterator[str]:
    """The report, line by line, for people."""
    rejected = sum(report.rejected.values())
    yield (
        f"{report.rows:,} rows: {report.accepted:,} to accept, {report.duplicates:,} duplicate, {rejected:,} to reject"
    )
    if report.since and report.until:
        yield f"known from {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    yield f"compared with a store of {report.stored:,} events" if report.stored else "compared with itself: no store"
    for finding in report.findings:
        yield ""
        yield from _finding(finding)
    yield ""
    yield "Nothing to be said against it. / 未发现问题。" if not report.findings else _counted(report)
    yield from _absences(report)


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity.value.upper()}  {finding.check.name}"
    yield f"  {finding.text}"
    yield f"  {finding.text_zh}"
    if finding.starved:
        yield f"  Read by {_shares(finding.starved)}."
        yield f"  受影响：{_shares_zh(finding.starved)}。"
    if finding.examples:
        yield f"  For instance {', '.join(finding.examples)}"
    yield f"  Do: {finding.check.do}"
    yield f"  处理：{finding.check.do_zh}"


def _shares(starved: Starved) -> str:
    return f"{starved.share:.1%} of the features, {starved.share_of_inputs:.1%} of the models' inputs"


def _shares_zh(starved: Starved) -> str:
    return f"{starved.share:.1%} 的特征、{starved.share_of_inputs:.1%} 的模型输入"


def _counted(report: Report) -> str:
    counts = dict.fromkeys(("stop", "warn", "note"), 0)
    for finding in report.findings:
        counts[finding.severity.value] += 1
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    verdict = "Do not take it in as it is. / 请勿按原样导入。" if report.stops else "It may be taken in. / 可以导入。"
    return f"{listed}. {verdict}"


def _absences(report: Report) -> Iterator[str]:
    if report.absences:
        yield ""
        yield "What nobody has told of so far, and who reads it / 尚无数据的类型与列："
    for one in report.absences[:_SHOWN]:
        name = f"{one.event_type}.{one.column}" if one.column else one.event_type
        yield f"  {name}: {_shares(one.starved)}"
    if len(report.absences) > _SHOWN:
        yield f"  and {len(report.absences) - _SHOWN} more (--json has all)"
