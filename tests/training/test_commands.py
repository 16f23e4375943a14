"""The commands of this floor, from a log to a champion, as people type them."""

import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.log import FileLog
from tests.training.build import a_log, a_recipe
from training.commands import app
from training.errors import LabelsMissing, OneSided, RecipeBroken, RecipeUnknown, VersionUnknown
from training.evaluate import METRICS
from training.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A folder with a log and a recipe, and commands that run in it."""

    events: str
    recipe: str
    uri: str

    def run(self, *words: str, code: int = 0) -> str:
        answer = CliRunner().invoke(app, words, env={"GOODFAITH_MLFLOW_URI": self.uri}, catch_exceptions=False)
        assert answer.exit_code == code, answer.output
        return answer.stdout

    def train(self, *words: str) -> str:
        return self.run("train", "--target", "credit", "--events", self.events, "--recipe", self.recipe, *words)


def a_world(folder) -> World:
    recipe = folder / "small.toml"
    recipe.write_text(a_recipe().text)
    events = a_log(folder / "events.parquet")
    return World(events=str(events), recipe=str(recipe), uri=f"sqlite:///{folder}/mlflow.db")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A world in which the same model was trained twice: once for people, once for machines."""
    world = a_world(tmp_path_factory.mktemp("world"))
    return world, world.train(), json.loads(world.train("--json"))


@pytest.fixture
def world(tmp_path):
    return a_world(tmp_path)


def test_training_tells_people_the_figures_of_model_and_baseline(trained):
    _, text, _ = trained
    assert "goodfaith-credit version 1, recipe small" in text
    assert "all merchants" in text
    assert "AUC gain of trees over the shrunk rate" in text


def test_training_tells_machines_the_same(trained):
    _, _, report = trained
    everybody = report["splits"][0]["merchants"]["all"]
    assert (report["version"], report["target"]) == ("2", "credit")
    assert set(everybody["model"]) == set(METRICS)
    assert everybody["model"]["auc"]["low"] <= everybody["model"]["auc"]["value"] <= everybody["model"]["auc"]["high"]
    assert everybody["model"]["auc"]["value"] > 0.8


def test_training_twice_gives_the_same_bundle(trained):
    world, _, _ = trained
    registry = Registry(world.uri)
    assert registry.bundle("credit", "1").digest == registry.bundle("credit", "2").digest


def test_models_are_listed_with_the_figures_on_record(trained):
    world, _, report = trained
    rows = json.loads(world.run("models", "--json"))
    assert [set(row) for row in rows] == [{"target", "version", "aliases", "created_at", "metrics", "history"}] * 2
    assert rows[1]["metrics"]["auc"] == report["splits"][0]["merchants"]["all"]["model"]["auc"]["value"]


def test_promotion_moves_the_champion_and_is_told_in_the_list(trained):
    world, _, _ = trained
    # All merchants of this log began on its first day, so scores do move from training to test: it takes force.
    forced = ("--by", "ann", "--force", "--reason", "first")
    assert "version 2 is the champion" in world.run("promote", "credit", "2", *forced)
    listed = world.run("models")
    assert "champion" in listed
    assert "credit 2 became champion by ann (forced): first" in listed


def test_a_challenger_is_named_listed_and_taken_away(trained):
    world, _, _ = trained
    world.run("promote", "credit", "2", "--by", "ann", "--force", "--reason", "first")
    told = world.run("challenge", "credit", "1", "--by", "bo", "--reason", "fewer inputs")
    assert "credit: version 1 is the challenger" in told
    rows = json.loads(world.run("models", "--json"))
    assert [(row["version"], row["aliases"]) for row in rows] == [("1", ["challenger"]), ("2", ["champion"])]
    assert "credit 1 became challenger by bo: fewer inputs" in world.run("models")
    assert "no challenger any more, after version 1" in world.run("challenge", "credit", "--none", "--by", "bo")
    assert "credit has no challenger by bo" in world.run("models")
    told = {row["version"]: row["history"][-1] for row in json.loads(world.run("models", "--json"))}
    assert (told["1"]["became"], told["1"]["by"]) == ("no challenger", "bo")
    assert (told["2"]["became"], told["2"]["by"], told["2"]["forced"]) == ("champion", "ann", True)
    assert (told["2"]["reason"], told["2"]["back"]) == ("first", False)


def test_what_was_live_at_a_moment_is_told_to_people_and_machines(trained):
    world, _, _ = trained
    world.run("promote", "credit", "1", "--by", "ann", "--force", "--reason", "first")
    before, now = "2020-01-01T00:00:00Z", "2100-01-01T08:00:00+08:00"
    assert "credit: no champion" in world.run("models", "--at", before)
    assert " by ann (forced): first" in world.run("models", "--at", now)
    credit, *others = json.loads(world.run("models", "--at", now, "--json"))
    assert (credit["target"], credit["version"], credit["by"], credit["challenger"]) == ("credit", "1", "ann", None)
    assert {one["target"]: one["version"] for one in others} == {"counterfeit": None, "complaints": None}


def test_a_version_that_does_not_exist_is_not_promoted(trained):
    world, _, _ = trained
    with pytest.raises(VersionUnknown):
        world.run("promote", "credit", "99")


def test_no_models_are_listed_before_any_training(world):
    assert json.loads(world.run("models", "--json")) == []
    assert world.run("models") == "no model yet: `train` makes one\n"


def test_two_versions_are_put_side_by_side_on_common_rows_and_on_record(trained):
    world, _, report = trained
    told = world.run("compare", "credit", "1", "2")
    assert "no difference beyond chance" in told
    (unseen,) = [line.split() for line in told.splitlines() if line.split()[0] == "returning.auc"]
    auc = report["splits"][0]["merchants"]["returning"]["model"]["auc"]["value"]
    assert unseen[1:] == [f"{auc:.3f}"] * 2


def test_labels_are_written_for_every_row_of_a_spine_in_its_order(world, tmp_path):
    spine, out = tmp_path / "spine.csv", tmp_path / "labels.parquet"
    spine.write_text("merchant_id,as_of\nm01,2024-03-01\nm00,2024-03-01\nnobody,2024-03-01\n")
    world.run(
        "labels", "--target", "credit", "--events", world.events, "--recipe", world.recipe,
        "--spine", str(spine), "--out", str(out),
    )  # fmt: skip
    rows = pq.read_table(out)
    assert rows.column_names[2:] == ["label", "reason", "happened_at", "known_at", "mature", "censored"]
    assert rows["label"].to_pylist() == [0, 1, None]
    assert rows["reason"].to_pylist() == ["good", "bad_dispatch_late", "too_few_orders"]


def test_labels_tell_machines_why_and_whose_fault_it_was(world, tmp_path):
    spine = tmp_path / "spine.csv"
    spine.write_text("merchant_id,as_of\nm01,2024-03-01\nm00,2024-03-01\nnobody,2024-03-01\n")
    told = json.loads(world.run(
        "labels", "--target", "credit", "--events", world.events, "--recipe", world.recipe,
        "--spine", str(spine), "--out", str(tmp_path / "labels.parquet"), "--json",
    ))  # fmt: skip
    assert told["rows"] == 3
    assert told["reasons"] == {"good": 1, "bad_dispatch_late": 1, "too_few_orders": 1}
    assert set(told["faults"]) == {"merchant", "buyer", "carrier", "platform", "nobody"}
    assert told["faults"]["merchant"] > 0


def test_labels_of_fakes_tell_what_was_found_at_random(world, tmp_path):
    spine = tmp_path / "spine.csv"
    spine.write_text("merchant_id,as_of\nm01,2024-03-01\n")
    words = ["labels", "--target", "counterfeit", "--events", world.events, "--spine", str(spine),
             "--out", str(tmp_path / "labels.parquet")]  # fmt: skip
    told = json.loads(world.run(*words, "--json"))
    assert told["faults"] == {}
    assert told["random_arm"]["merchants"] == {"found": 0, "of": 0, "share": None, "low": None, "high": None}
    assert set(told["random_arm"]) == {"merchants", "listings", "recall"}
    world.run(*words)


def test_training_tells_whose_fault_it_was(trained):
    _, text, report = trained
    assert report["faults"]["merchant"] > 0
    assert f"by whose fault it was: merchant {report['faults']['merchant']}" in text


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--target", "weather", "--store"],
        ["train", "--target", "credit"],
        ["train", "--target", "credit", "--events", "nowhere.parquet"],
        ["train", "--target", "credit", "--events", __file__, "--until", "soon"],
        ["promote", "weather", "1"],
        ["promote", "credit", "1", "--force"],
        ["challenge", "credit"],
        ["challenge", "credit", "1", "--none"],
        ["challenge", "bust_out", "1"],
        ["models", "--at", "yesterday"],
        ["models", "--at", "2026-03-01T12:00:00"],
    ],
)
def test_wrong_usage_ends_with_two(world, words):
    world.run(*words, code=2)


def test_counterfeit_on_a_log_without_fakes_says_that_there_are_no_labels(world):
    with pytest.raises(LabelsMissing, match="no labels for target 'counterfeit'"):
        world.run("train", "--target", "counterfeit", "--events", world.events)


def test_a_recipe_for_another_target_is_refused(world):
    with pytest.raises(RecipeBroken, match="'counterfeit' was asked for"):
        world.run("train", "--target", "counterfeit", "--events", world.events, "--recipe", world.recipe)


def test_an_unknown_recipe_is_refused(world):
    with pytest.raises(RecipeUnknown):
        world.run("train", "--target", "credit", "--events", world.events, "--recipe", "unheard-of")


def test_a_log_cut_so_early_that_nothing_is_left_to_learn_from_is_refused(world):
    with pytest.raises(OneSided, match="training part: 0 rows"):
        world.train("--until", "2024-03-15")


def test_long_work_tells_in_plain_lines_where_there_is_no_terminal(world):
    words = ["train", "--target", "credit", "--events", world.events, "--recipe", world.recipe, "--until", "2024-03-15"]
    answer = CliRunner().invoke(app, words, env={"GOODFAITH_MLFLOW_URI": world.uri})
    for title in ("reading events", "judging what became of merchants", "computing features"):
        assert f"{title} ...\n" in answer.stderr


def test_the_log_of_the_fixture_is_accepted_whole(world):
    from pathlib import Path

    batches = list(FileLog([Path(world.events)], currency="CNY").batches())
    assert not any(batch.rejected for batch in batches)
    assert pa.concat_tables([batch.rows for batch in batches]).num_rows == 30 * 12 * 5 * 2
