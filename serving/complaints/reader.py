"""Who reads complaints: the promoted classifier of texts, looked up again every few seconds without a restart."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from scoring.complaints import Guess
from scoring.errors import ScoringError
from scoring.text import TextModel
from serving.champions import Champions

__all__ = ["TARGET", "Reader", "Reading"]

log = structlog.get_logger("goodfaith.serving")

#: What the registry calls models that read complaints.
TARGET = "complaints"

#: How soon a promotion is picked up.
_LOOKED_UP_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a model makes of a text, and which version it is; both None where there is no model or nothing to read."""

    guess: Guess | None = None
    version: str | None = None


@dataclass(slots=True)
class Reader:
    """Holds the reader of the moment. Rules go on without one, so what is wrong with it is told, and stops nothing."""

    champions: Champions
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked_up: datetime | None = None
    _model: TextModel | None = None

    def read(self, text: str, *, now: datetime) -> Reading:
        """What the champion makes of a text now."""
        model = self._at(now)
        if model is None or not text.strip():
            return Reading()
        return Reading(guess=Guess.of(model.p(text)), version=model.version)

    def _at(self, now: datetime) -> TextModel | None:
        with self._lock:
            fresh = self._looked_up is not None and timedelta(0) <= now - self._looked_up < _LOOKED_UP_EVERY
            if not fresh:
                self._looked_up = now
                self._model = self._look_up()
            return self._model

    def _look_up(self) -> TextModel | None:
        """The champion, tried; the last good one where it cannot be loaded."""
        try:
            found = self.champions.champion(TARGET)
            if found is None or (self._model and self._model.version == found[0]):
                return self._model if found else None
            model = TextModel(found[1], version=found[0])
            model.check_golden()
            return model
        except Exception as error:
            # The registry belongs to another floor and may fail in ways that this one has no names for. Only our own
            # sentences are repeated: another system's may name its host.
            why = str(error) if isinstance(error, ScoringError) else type(error).__name__
            log.warning("the reader of complaints cannot be loaded", reason=why)
            return self._model
