"""The circuit breaker: did a promoted model, or a changed policy, shift the answers too far?

Where it did a case is opened, and beyond a bound the version before judges again until a person has looked. All of it
goes into the audit record. What is too far stands in the policy of the breaker.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import Connection

from features.database import reading, writing
from scoring.breaker import Look, Verdict, look, tally
from scoring.breaker_policy import BreakerPolicy, Watched
from serving import cases
from serving.breaker import store
from serving.breaker.store import Change, Suspect
from serving.cases import Kind, Matter
from serving.champions import TARGETS
from serving.lookout import Lookout
from serving.record import audit
from serving.service import Service

__all__ = ["Breaker"]

log = structlog.get_logger("goodfaith.serving")

#: By what decisions of a kind are made, and so what may have shifted them.
_HANGS_ON: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "refund": ("refunds", "programmes", "score", *TARGETS),
        "programme": ("programmes", "score", *TARGETS),
        "standing": ("programmes", "score", *TARGETS),
    }
)

#: What the audit record calls it.
ACTOR = "goodfaith:breaker"


class Breaker:
    """Looks at what changed lately, every few minutes; any number of workers may, since what was found stands once.

    `lookout` opens whoever can make an earlier model the champion again.
    """

    def __init__(self, service: Service, lookout: Callable[[], Lookout] | None = None) -> None:
        self._service, self._lookout = service, lookout
        self._looked_at: datetime | None = None

    def look_if_due(self, now: datetime) -> None:
        """Look, unless that was done a few minutes ago."""
        every, seen = timedelta(minutes=self._service.current().breaker.every_minutes), self._looked_at
        if seen is None or not timedelta(0) <= now - seen < every:
            self._looked_at = now
            self.look(now)

    def look(self, now: datetime) -> None:
        """Look at every change that is still watched, and go back from models that are to be gone back from."""
        policy = self._service.current().breaker
        with reading(self._service.engine) as tx:
            seen = list(_looks(tx, policy, now))
        for change, watched, found in seen:
            self._service.metrics.shifted(change.subject, watched.decisions, "/".join(watched.outcomes), found.rise)
            if found.verdict is not Verdict.NOTHING:
                with writing(self._service.engine) as tx:
                    _act(tx, change, watched, found, now)
        self._return_models(now)

    def _return_models(self, now: datetime) -> None:
        """Have the registry make the models before the champions again, where that is not done."""
        with reading(self._service.engine) as tx:
            waiting = [one for one in store.suspects(tx) if one.is_held_back and one.done_at is None]
        for one in waiting:
            if one.subject in TARGETS and not self._rolled_back(one, now):
                continue
            with writing(self._service.engine) as tx:
                store.note_returned(tx, one, now=now)

    def _rolled_back(self, one: Suspect, now: datetime) -> bool:
        """Whether the registry has made the model before the champion again; where not, it is asked again."""
        if self._lookout is None:
            return False
        try:
            version = self._lookout().roll_back(one.subject, reason="the circuit breaker", now=now)
        except Exception as error:
            # The registry is another floor's, and may fail in ways that this one has no names for; judging goes on.
            log.error("could not go back to an earlier model", target=one.subject, error=type(error).__name__)
            return False
        log.warning("went back to an earlier model", target=one.subject, version=version, before=one.version)
        return True


def _looks(tx: Connection, policy: BreakerPolicy, now: datetime) -> Iterator[tuple[Change, Watched, Look]]:
    """What is seen of each change that is watched still, by each sort of outcomes that hangs on it."""
    span = timedelta(hours=policy.watch_hours)
    for watched in policy.watched:
        for change in store.changes(tx, _HANGS_ON[watched.decisions]):
            if now - change.since <= span and not change.again:
                yield change, watched, _look(tx, change, watched, policy, now)


def _look(tx: Connection, change: Change, watched: Watched, policy: BreakerPolicy, now: datetime) -> Look:
    def tallied(since: datetime, until: datetime) -> Any:
        merchants = store.decided(
            tx, watched.decisions, watched.outcomes, since=since, until=until, most=policy.most
        )  # fmt: skip
        return tally(merchants, voices=policy.voices)

    before = tallied(change.since - timedelta(days=policy.before_days), change.since)
    return look(watched, before, tallied(change.since, change.until or now), policy=policy)


def _act(tx: Connection, change: Change, watched: Watched, found: Look, now: datetime) -> None:
    """Open a case about a change, once; go back from it, once, where that is what follows."""
    known = _kept(tx, change) or _opened(tx, change, watched, found, now)
    if found.verdict is Verdict.BACK and known.back_at is None and known.lifted_at is None:
        store.go_back(tx, known, now=now)
        _tell(tx, known, "went_back", now)


def _kept(tx: Connection, change: Change) -> Suspect | None:
    about = change.subject, change.version
    return next((one for one in store.suspects(tx) if (one.subject, one.version) == about), None)


def _opened(tx: Connection, change: Change, watched: Watched, found: Look, now: datetime) -> Suspect:
    figures = {"decisions": watched.decisions, "outcomes": list(watched.outcomes), **_figures(found)}
    matter = Matter(
        kind=Kind.CHANGE,
        merchant_id="",
        about=f"change:{change.subject}:{change.version}",
        summary=_summary(change, watched, found),
        priority=1,
    )
    suspect = Suspect(
        subject=change.subject,
        version=change.version,
        before=change.before,
        since=change.since,
        case_id=cases.open_case(tx, matter, now=now),
        figures=figures,
    )
    store.add(tx, suspect)
    _tell(tx, suspect, "suspected", now)
    return suspect


def _figures(found: Look) -> dict[str, float]:
    told = {"before": found.before.share, "after": found.after.share, "rise": found.rise}
    counts = {"n_before": found.before.per, "n_after": found.after.per}
    return {name: round(value, 4) for name, value in {**told, **counts}.items()}


def _summary(change: Change, watched: Watched, found: Look) -> str:
    what = f"{change.subject} {change.before[:8]} -> {change.version[:8]}"
    shares = f"{found.before.share:.1%} -> {found.after.share:.1%}"
    return f"{watched.text} {what}: {shares} / {watched.text_zh}{what}：{shares}"


def _tell(tx: Connection, one: Suspect, action: str, now: datetime) -> None:
    says = {"version": one.version, "before": one.before, "case": one.case_id, "figures": dict(one.figures)}
    log.warning("a change shifted the answers", subject=one.subject, action=action, **says)
    audit.write(tx, audit.Entry(actor=ACTOR, action=action, subject=f"change:{one.subject}", body=says), now=now)
