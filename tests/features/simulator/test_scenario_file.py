"""Scenario files: the shipped ones are sound, and every mistake in one is told by its key."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from features.errors import ScenarioInvalid
from features.log import FileLog
from features.partition import divided
from features.simulator.archetypes import EVERYDAY
from features.simulator.attacks import ATTACKS
from features.simulator.commands import app
from features.simulator.scenario import Acts, Attack
from features.simulator.scenario_file import SHIPPED, plot_of, read_plot
from features.simulator.write import write_marketplace

DOCS = Path(__file__).parents[3] / "docs" / "howto" / "simulate.md"
START = date(2026, 1, 1)


def played(text, **wishes):
    return plot_of(text, name="mine").played(
        **({"start": START, "merchants": None, "days": None, "seed": None} | wishes)
    )


def test_every_file_that_is_shipped_is_named_and_sound():
    folder = Path(__file__).parents[3] / "features" / "simulator" / "scenarios"
    assert {path.stem for path in folder.iterdir()} == set(SHIPPED)
    for name in SHIPPED:
        plot = read_plot(name)
        assert plot.says
        assert all(
            attack.day + attack.days <= plot.days or attack.kind == "policy_change" for attack, _ in plot.attacks
        )


def test_each_attack_is_part_of_some_scenario():
    assert {attack.kind for name in SHIPPED for attack, _ in read_plot(name).attacks} == set(ATTACKS)


def test_what_nobody_says_is_as_on_an_everyday_marketplace():
    scenario = played("")
    assert (scenario.merchants, scenario.days, scenario.seed, scenario.attacks) == (2000, 540, 1, ())
    assert (dict(scenario.mix), scenario.acts) == ({}, Acts())


def test_the_command_line_overrules_the_file():
    scenario = played("merchants = 5\ndays = 9\nseed = 3", merchants=7, days=8, seed=4)
    assert (scenario.merchants, scenario.days, scenario.seed) == (7, 8, 4)


def test_weights_of_others_are_everyday_ones_times_a_factor():
    mix = played("[mix]\nothers = 0.5\nsloppy = 0.9").mix
    assert mix["sloppy"] == 0.9
    assert mix["reliable"] == 0.5 * EVERYDAY["reliable"]
    assert set(played("[mix]\nothers = 0\nsloppy = 2").mix) == {"sloppy"}


def test_an_attack_may_begin_on_a_day_or_on_a_date():
    text = '[[attack]]\nkind = "sleeper"\n{}\nstrength = 1\ndays = 30'
    for when in ("day = 31", "date = 2026-02-01"):
        assert played(text.format(when)).attacks == (Attack(kind="sleeper", strength=1.0, day=31, days=30),)


def test_an_attack_cannot_begin_before_the_marketplace():
    with pytest.raises(ScenarioInvalid, match="sleeper begins before the first day"):
        played('[[attack]]\nkind = "sleeper"\ndate = 2025-12-31')


def test_acts_are_switched_off_one_by_one():
    acts = played('[acts]\nfast_refund = false\ninspections = ["report"]').acts
    assert acts == Acts(fast_refund=False, inspections=("report",))


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("merchants = 0", "merchants = 0 must be 1 to 100,000"),
        ("merchants = true", "merchants = True must be"),
        ('days = "many"', "days = 'many' must be 1 to 3,650"),
        ("seed = -1", "seed = -1"),
        ("start = 1999-01-01", "a date of this century"),
        ("merchant = 5", "no key 'merchant'"),
        ("merchants =", "is no TOML"),
        ("mix = 3", r"\[mix\] must be a table"),
        ("[mix]\nhonest = 1", "no key 'honest'"),
        ("[mix]\nsloppy = -1", "sloppy = -1 must be a weight"),
        ("[mix]\nothers = 0", "gives nobody any weight"),
        ("[languages]\nfr = 1", "no key 'fr'"),
        ("[acts]\nfast_refund = 1", "fast_refund = 1 must be a bool"),
        ('[acts]\ninspections = ["score"]', "a list of random, report"),
        ("[attack]\nkind = 'sleeper'", r"write \[\[attack\]\]"),
        ("[[attack]]\nday = 3", "kind is missing"),
        ("[[attack]]\nkind = 'storm'", "one of bad_faith_ring"),
        ("[[attack]]\nkind = 'sleeper'\nstrength = 2", "strength = 2 must be a number from 0 to 1"),
        ("[[attack]]\nkind = 'sleeper'\nday = -3", "day = -3"),
        ("[[attack]]\nkind = 'sleeper'\nfrom = 3", r"\[\[attack\]\] 1 has no key 'from'"),
    ],
    ids=str,
)
def test_mistakes_are_told_by_their_key(text, about):
    with pytest.raises(ScenarioInvalid, match=about):
        plot_of(text, name="mine")


def test_the_command_takes_a_name_or_a_path(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('merchants = 6\ndays = 30\nstart = 2026-01-01\n[[attack]]\nkind = "carrier_strike"\nday = 40')
    ended = CliRunner().invoke(app, ["--scenario", str(file), "--out", str(tmp_path / "market")])
    assert ended.exit_code == 0
    assert "2026-01-01 to 2026-01-30" in ended.stdout
    assert "carrier_strike (never)" in ended.stdout
    ended = CliRunner().invoke(app, ["--scenario", "hard_times", "--merchants", "3", "--out", str(tmp_path / "other")])
    assert "feed_outage (from " in ended.stdout


def test_what_is_neither_a_name_nor_a_file_is_refused(tmp_path):
    with pytest.raises(ScenarioInvalid, match="neither a file that can be read nor one of everyday, calm"):
        read_plot(str(tmp_path / "none.toml"))


def test_the_example_of_the_howto_is_sound_and_names_every_scenario_and_attack():
    page = DOCS.read_text(encoding="utf-8")
    example = page.split("```toml")[1].split("```")[0]
    assert played(example).attacks[0].kind == "bad_faith_ring"
    for name in (*SHIPPED, *ATTACKS):
        assert f"`{name}`" in page, name


@pytest.mark.parametrize("name", SHIPPED)
def test_every_event_of_a_shipped_scenario_is_accepted_and_ids_of_things_are_theirs_alone(name, tmp_path):
    scenario = read_plot(name).played(start=date(2025, 1, 1), merchants=60, days=None, seed=2)
    events = write_marketplace(scenario, tmp_path, texts=False).events
    with divided(FileLog([events], currency="CNY"), ("event_id",), parts=1) as log:
        outcome = log.outcome
    assert (dict(outcome.rejected), outcome.duplicates) == ({}, 0)
    opened = {"order_placed": "order_id", "refund_paid": "refund_id", "dispute_opened": "dispute_id",
              "fake_report_filed": "report_id", "complaint_received": "complaint_id", "return_requested": "return_id",
              "service_requested": "service_id", "message_received": "message_id"}  # fmt: skip
    for event_type, column in opened.items():
        again = f"SELECT count(*) - count(DISTINCT {column}) FROM '{events}' WHERE event_type = '{event_type}'"
        assert duckdb.sql(again).fetchall() == [(0,)], event_type
