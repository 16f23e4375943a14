"""From when on something counts as odd: the numbers of limits.toml, which people may argue about."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Limits", "reasons", "shipped_limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Each is explained where it stands, in limits.toml."""

    past_days: int
    past_events: int
    looked_up: int
    edge_hours: int
    least_rows: int
    least_past_rows: int
    least_past_periods: int
    least_hours_rows: int
    least_missing: int
    silence_factor: int
    silence_days: int
    silence_active: int
    volume_weeks: int
    volume_spreads: float
    volume_low: float
    volume_high: float
    stop_inputs: float
    column_usual: float
    column_drop: float
    column_empty: float
    rejected_warn: float
    rejected_stop: float
    orphans_warn: float
    orphans_stop: float
    orphans_lead_days: int
    differ_warn: float
    once_share: float
    once_days: int
    at_once_share: float
    at_once_rows: int
    delay_factor: float
    delay_seconds: int
    delay_gone: int
    hours_apart: float
    hours_alike: float
    amount_factor: float
    amount_small: int
    refund_many: float
    refund_few: float
    unsaid_least: float
    usual_columns: tuple[str, ...]


def _read() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("features.checks").joinpath("limits.toml").read_text("utf-8"))


@cache
def shipped_limits() -> Limits:
    """Those of the file."""
    said = {name: entry["value"] for name, entry in _read().items()}
    return Limits(**said | {"usual_columns": tuple(said["usual_columns"])})


def reasons() -> list[tuple[str, Any, str]]:
    """Every limit with its value and why, in the order of the file."""
    return [(name, entry["value"], entry["why"]) for name, entry in _read().items()]
