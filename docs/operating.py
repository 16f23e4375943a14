"""Pages of the reference for those who run Goodfaith: what it is told, says, checks and counts, and what can fail."""

import importlib
import inspect
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
import typer
from prometheus_client import CollectorRegistry, Metric

from docs.markdown import shipped, table
from features.checks.declared import Check
from features.checks.limits import reasons
from features.checks.report import CHECKS
from features.database import create_tables, open_engine, reading
from features.settings import Settings
from goodfaith import app
from scoring.breaker_policy import BreakerPolicy
from scoring.lint.rules import RULES
from serving.ledger.figures import Exposure
from serving.metrics import Metrics
from serving.stored_figures import stored_figures

FLOORS = ("features", "scoring", "training", "serving")


def settings_page() -> str:
    """Every setting."""
    rows = [(f"`GOODFAITH_{name.upper()}`", f"`{field.default}`") for name, field in Settings.model_fields.items()]
    notes = "`GOODFAITH_DATABASE_URL` and `GOODFAITH_MLFLOW_URI` are SQLite files in `GOODFAITH_HOME` while empty.\n"
    notes += "`GOODFAITH_EXPLORATION_SALT` (16 characters or more, secret, kept for good) turns the lot on.\n"
    notes += "`GOODFAITH_KEY` is the API key with which `goodfaith simulate --to` sends events.\n"
    notes += (
        "`GOODFAITH_BROKER_URL` is the Redis from which `goodfaith consume` takes events, by default\n"
        "`redis://127.0.0.1:6379/0`; it may hold a password.\n"
        "`GOODFAITH_NOTIFY_URL` is where notifications go (`https://...`, `redis://HOST:PORT/0?stream=NAME` or\n"
        "`file:///...`); with `GOODFAITH_NOTIFY_SECRET` those over HTTP are signed.\n"
    )
    notes += (
        "`GOODFAITH_POLICIES` is a folder of policy files in the place of the shipped ones of those names, followed\n"
    )
    notes += "while the service runs ([change a policy](../howto/change-a-policy.md)).\n"
    notes += "The worker, and `goodfaith prune`, drop what challengers thought and would have decided more than\n"
    notes += "`GOODFAITH_SHADOW_DAYS` days ago; labels take up to 120 to tell who was right.\n"
    notes += "`goodfaith retention` drops decisions, assessments and audit entries that are older than\n"
    notes += "`GOODFAITH_RECORDS_YEARS`, at least three; while it is not set they are kept for good\n"
    notes += "([retention](../howto/retention.md)).\n"
    notes += "With `GOODFAITH_ROLL_BACK_BY_ITSELF` the nightly look of `goodfaith worker --drift-at` goes back to the\n"
    notes += "champion before where that was shown to rank better; without it, it says so.\n"
    return "# Settings\n\nFrom the environment, or a file `.env`.\n\n" + table(("name", "default"), rows) + "\n" + notes


def commands_of(command: click.Command, name: str) -> Iterable[tuple[str, click.Command]]:
    """All commands below one, by their full name."""
    below: dict[str, click.Command] = getattr(command, "commands", {})
    for own, child in below.items():
        yield from commands_of(child, f"{name} {own}")
    if not below:
        yield name, command


def command_text(name: str, command: click.Command) -> str:
    """One command's section."""
    rows = []
    for parameter in command.params:
        names = ", ".join(f"`{one}`" for one in (*parameter.opts, *parameter.secondary_opts))
        rows.append((names, getattr(parameter, "help", "") or "", "yes" if parameter.required else ""))
    about = " ".join((command.help or "").split())
    return f"## {name}\n\n{about}\n\n" + table(("option", "meaning", "required"), rows)


def commands_page() -> str:
    """Every command with its options."""
    found = sorted(commands_of(typer.main.get_command(app), "goodfaith"))
    intro = "# Commands\n\nExit codes: 0 done, 1 the work failed with a message, 2 wrong usage.\n\n"
    return intro + "\n".join(command_text(name, command) for name, command in found)


def errors_page() -> str:
    """The error tree of each floor, as drawn in its module."""
    told = {floor: inspect.getdoc(importlib.import_module(f"{floor}.errors")) for floor in FLOORS}
    trees = [f"## {floor}\n\n```\n{text}\n```\n" for floor, text in told.items()]
    return "# Errors\n\n" + "\n".join(trees)


def check_text(check: Check) -> str:
    """One check's section."""
    graver = [(f"{name}: {when}") for name, when in (("warn", check.warns_when), ("stop", check.stops_when)) if when]
    rows = (
        ("looks at", check.looks_at),
        ("severity", "; ".join((check.severity.value, *graver))),
        ("says", f"{check.text} / {check.text_zh}"),
        ("do", f"{check.do} / {check.do_zh}"),
    )
    return f"### `{check.name}`\n\n" + table(("what", "how"), rows)


def checks_page() -> str:
    """Every check of an incoming log, and the limits."""
    intro = (
        "# Checks\n\nWhat `goodfaith ingest --check-only` looks at. A `stop` makes it end with 1: the log should not "
        "be taken in as it is; a `warn` is to be looked at; a `note` is good to know. How to use it: "
        "[check a log](../howto/check-a-log.md).\n"
    )
    kinds = [f"## {kind}\n\n" + "\n".join(map(check_text, checks)) for kind, checks in CHECKS.items()]
    told = [
        (f"`{name}`", ", ".join(f"`{one}`" for one in value) if isinstance(value, list) else f"{value:,}", why)
        for name, value, why in reasons()
    ]
    limits = "## Limits\n\nThey stand in `features/checks/limits.toml`.\n\n" + table(("limit", "is", "why"), told)
    return "\n".join((intro, *kinds, limits))


def lint_page() -> str:
    """Every rule that policies are read by."""
    intro = (
        "# Rules of the policy linter\n\nWhat `goodfaith policy lint` looks at. An `error` that needs neither a day "
        "nor a log to be found keeps the policy from being loaded; a `warning` is to be looked at, a `note` good "
        "to know. How to use it: [change a policy](../howto/change-a-policy.md).\n\n"
    )
    rows = [(one.code, one.about, one.severity.value, f"{one.text} / {one.text_zh}") for one in RULES.values()]
    return intro + table(("rule", "about", "severity", "says"), rows)


def failures_page() -> str:
    """What can fail, and what happens then."""
    intro = (
        "# Failures\n\nWhat fails, what callers get meanwhile, who says so, and how it ends. Every row is a test "
        "(`tests/faults/`). Whatever fails, no refund is paid at once on what is not known to be right.\n\n"
    )
    told = tomllib.loads((Path(__file__).parent / "failures.toml").read_text("utf-8"))["failures"]
    head = ("what fails", "callers get", "said by", "recovers")
    rows = table(head, ((one["what"], one["callers"], one["told"], one["recovers"]) for one in told))
    return intro + rows + "\n" + breaker_text()


def breaker_text() -> str:
    """What the circuit breaker watches."""
    policy = BreakerPolicy.parse(shipped("breaker"))
    about = (
        "## Circuit breaker\n\nThe shipped policy, `scoring/policies/breaker.toml`. A change of model or policy is "
        f"watched for {policy.watch_hours} hours, every {policy.every_minutes} minutes, against the "
        f"{policy.before_days} days before it, from {policy.least} decisions on either side; of one merchant "
        f"{policy.voices} count. A share has risen by so much when it surely has: at a look {policy.confidence:.5%} "
        f"sure, so that of a hundred changes that shift nothing {policy.error * 100:g} at most opens a case. How it is "
        "used: [circuit breaker](../howto/circuit-breaker.md).\n\n"
    )
    rows = (
        (one.decisions, ", ".join(one.outcomes), f"{one.case_from:.0%}", f"{one.back_from:.0%}",
         f"{one.text} / {one.text_zh}")
        for one in policy.watched
    )  # fmt: skip
    return about + table(("decisions", "outcomes", "a case from", "gone back from", "says"), rows)


def metrics_page() -> str:
    """Every figure for Prometheus."""
    engine = open_engine("sqlite://")
    create_tables(engine)
    with reading(engine) as tx:
        stored = list(stored_figures(tx, Exposure(), now=datetime(2026, 1, 1, tzinfo=UTC)))
    own = [(one, labels_of(collector)) for collector, one in declared(Metrics().registry)]
    rows = [(f"`{shown_name(one)}`", one.type, labels, f"{one.documentation}.") for one, labels in own]
    rows += [(f"`{shown_name(one)}`", one.type, labels_of(one), f"{one.documentation}.") for one in stored]
    intro = (
        "# Metrics\n\nWhat `GET /metrics` tells Prometheus; no label ever holds an id of anybody. Of several processes "
        "counts are added up. How to watch: [observe](../howto/observe.md).\n\n"
    )
    return intro + table(("name", "type", "labels", "what"), sorted(rows))


def declared(registry: CollectorRegistry) -> Iterable[tuple[object, Metric]]:
    """Every collector of a registry, and what it tells."""
    return [(collector, one) for collector in registry._collector_to_names for one in collector.collect()]


def labels_of(collector: object) -> str:
    """The labels that tell a collector's figures apart."""
    return ", ".join(f"`{name}`" for name in getattr(collector, "_labelnames", ()))


def shown_name(one: Metric) -> str:
    """The name as it stands in the answer: counters end in `_total`."""
    return f"{one.name}_total" if one.type == "counter" else one.name
