"""The gate at a programme's door: admit, conditions, review or refuse, with reasons and a path to qualify."""

from scoring.admission import (
    Admission,
    Applicant,
    Application,
    ConditionResult,
    ConditionState,
    GateReason,
    Outcome,
    Paper,
    PathStep,
)

__all__ = [
    "Admission",
    "Applicant",
    "Application",
    "ConditionResult",
    "ConditionState",
    "GateReason",
    "Outcome",
    "Paper",
    "PathStep",
]
