"""A complaint as its reviewer reads it: what was written, where it came from, and which clocks run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from features.lookup import events_about
from serving.cases import Case
from serving.complaints import store
from serving.complaints.store import Filed

__all__ = ["Told", "complaint_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a complaint was sorted, and what its event says; nothing where that was taken back."""

    filed: Filed
    says: Mapping[str, Any]

    @property
    def causes(self) -> list[str]:
        """Why it is as grave as it is."""
        return self.filed.causes.split()


def complaint_of(tx: Connection, case: Case) -> Told | None:
    """The complaint that a case is about; None where it is about something else."""
    filed = store.find(tx, case.id)
    if filed is None:
        return None
    key, types = f"complaint:{filed.complaint_id}", ("complaint_received",)
    found = events_about(tx, key, merchant_id=filed.merchant_id, types=types)
    return Told(filed=filed, says=found[0].says if found else {})
