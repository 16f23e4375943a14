"""Any table: what is read and refused, what columns become, and that rows set aside stay out of what is learned."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from scoring.model import Model
from training.columns import Number, Preparation, Words
from training.commands import app
from training.errors import OneSided, RecipeBroken, TableBroken, TooLittleToLearnFrom
from training.pyfunc import read_bundle
from training.recipe import Columns, Recipe, find_recipe
from training.registry import Registry
from training.table import Asked, parts_of, read_table
from training.train_table import prepare

SMALL = """
name = "small"
target = "table"
seed = 3
[label]
horizon_days = 31
[[split]]
name = "set_aside"
test_share = 0.25
[baseline]
feature = "best"
[model]
leaves = 4
depth = 2
learning_rate = 0.1
rounds = 20
min_rows = 10
l2 = 5.0
[candidates]
try = ["scorecard", "logistic", "trees"]
serve = "best"
[tuning]
folds = 2
[evaluation]
resamples = 20
"""
LABEL = Asked(label="bad")


def some_columns(count: int = 400) -> dict[str, list[object]]:
    """Loans in twenty months, of ever newer customers: who owes much fails, and so do those who rent."""
    random = np.random.default_rng(1)
    owed = random.lognormal(8, 1, count)
    home = random.choice(["own", "rent", "{odd}, [home]"], count, p=[0.5, 0.45, 0.05])
    logit = 1.5 * (np.log(owed) - 8) + 1.2 * (home == "rent") - 1.0
    months = np.sort(random.integers(0, 20, count))
    return {
        "number": list(range(1, count + 1)),
        "owed": [None if at % 10 == 0 else float(value) for at, value in enumerate(owed)],
        "home": [None if at % 25 == 0 else str(value) for at, value in enumerate(home)],
        "name": [f"customer {at}" for at in range(count)],
        "empty": [None] * count,
        "customer": [int(month + more) for month, more in zip(months, random.integers(0, 20, count), strict=True)],
        "opened": [f"{2024 + month // 12}-{1 + month % 12:02d}-15" for month in months],
        "bad": [int(one) for one in random.random(count) < 1 / (1 + np.exp(-logit))],
    }


def a_file(folder, **changes: object):
    """The columns as a Parquet file, some of them changed or, where None, left away."""
    columns = {name: value for name, value in (some_columns() | changes).items() if value is not None}
    path = folder / "loans.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def a_table(folder, asked: Asked = LABEL, **changes: object):
    return read_table(a_file(folder, **changes), asked)


def learned(rows: pa.Table, **riskier: str) -> Preparation:
    return Preparation.learn(rows, Columns(), riskier=riskier, admits=lambda name: True)


def test_csv_and_parquet_are_the_same_table(tmp_path):
    path = a_file(tmp_path, opened=None)
    pyarrow.csv.write_csv(pq.read_table(path), tmp_path / "loans.csv")
    first, second = read_table(path, LABEL), read_table(tmp_path / "loans.csv", LABEL)
    assert (first.y == second.y).all()
    assert (learned(first.columns).matrix(first.columns) == learned(second.columns).matrix(second.columns)).all()


@pytest.mark.parametrize(
    ("changes", "asked", "error", "says"),
    [
        ({}, Asked(label="worse"), TableBroken, "has no column 'worse'; it has 'number', 'owed'"),
        ({}, Asked(label="bad", time="closed"), TableBroken, "has no column 'closed'"),
        ({}, Asked(label="bad", riskier={"debt": "higher"}), TableBroken, "has no column 'debt'"),
        ({}, Asked(label="home"), TableBroken, "holds 'rent', 'own', '{odd}, \\[home\\]'; it has to be 0 or 1"),
        ({}, Asked(label="number"), TableBroken, "holds 1, 2, 3, 4, 5, ...; it has to be 0 or 1"),
        ({}, Asked(label="empty"), TableBroken, "is the label, and it is null everywhere"),
        ({"bad": [0] * 400}, LABEL, OneSided, "400 rows with 0 bad ones"),
        ({"bad": [1] * 19 + [0] * 381}, LABEL, OneSided, "at least 20 of each"),
        ({"bad": [1, 0] * 49 + [None] * 302}, LABEL, TooLittleToLearnFrom, "98 labelled rows, and 100 are the least"),
        ({}, Asked(label="bad", time="home"), TableBroken, "column 'home' is the time, and it is null in 16 rows"),
        ({}, Asked(label="bad", time="name"), TableBroken, "column 'name' is the time, and it is no date"),
        ({}, Asked(label="bad", time="customer"), TableBroken, "its numbers, 1 to 38, are no years"),
        ({}, Asked(label="bad", group="home"), TableBroken, "column 'home' is the group, and it is null in 16 rows"),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused_and_says_why(tmp_path, changes, asked, error, says):
    with pytest.raises(error, match=says):
        a_table(tmp_path, asked, **changes)


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b""), ("a.parquet", b"PAR1"), ("a.xlsx", b""), ("b.csv", b"a,a\n1,2\n")]
)
def test_a_file_that_is_no_table_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableBroken, match=name):
        read_table(tmp_path / name, LABEL)


def test_labels_may_be_booleans_or_floats_and_rows_without_one_are_left_out(tmp_path):
    bad = some_columns()["bad"]
    plain = a_table(tmp_path)
    assert (a_table(tmp_path, bad=[bool(one) for one in bad]).y == plain.y).all()
    some = a_table(tmp_path, bad=[float("nan"), None, *map(float, bad[2:])])
    assert (some.unlabelled, len(some)) == (2, 398)
    assert (some.y == plain.y[2:]).all()


@pytest.mark.parametrize("opened", [[1990 + at % 3 for at in range(400)], ["1990-01-01"] * 200 + ["1992-01-01"] * 200])
def test_years_and_dates_are_times(tmp_path, opened):
    table = a_table(tmp_path, Asked(label="bad", time="opened"), opened=opened)
    assert (np.diff(table.as_of) >= np.timedelta64(0)).all()
    assert (str(table.as_of[0])[:10], str(table.as_of[-1])[:10]) == ("1990-01-01", "1992-01-01")


def test_ids_and_empty_columns_become_no_inputs_and_it_is_said_why(tmp_path):
    found = learned(a_table(tmp_path, Asked(label="bad", time="opened")).columns)
    assert found.left_out == {
        "number": "it numbers the rows",
        "name": "nearly every row has another word, as in a name or an id",
        "empty": "it is null everywhere",
    }
    assert [one.column for one in found.columns] == ["owed", "home", "customer"]


def test_numbers_take_the_median_for_a_null_and_tell_it(tmp_path):
    rows = pa.table({"owed": [1.0, 3.0, None, 8.0, float("nan"), 900.0]})
    found = learned(rows, owed="higher")
    assert found.columns == (Number(column="owed", median=5.5, missing=True, amount=False, riskier="higher"),)
    assert [(one.name, one.riskier) for one in found.inputs] == [("owed", "higher"), ("owed_is_missing", "neither")]
    assert found.matrix(rows).tolist() == [[1, 0], [3, 0], [5.5, 1], [8, 0], [5.5, 1], [900, 0]]


def test_frequent_words_have_an_input_each_and_the_rest_share_one():
    rows = pa.table({"home": ["rent"] * 50 + ["own"] * 40 + ["tent"] * 3 + ["boat"] * 3 + [None] * 4})
    found = Preparation.learn(rows, Columns(levels=2, least_share=0.1), riskier={}, admits=lambda name: True)
    assert found.columns == (Words(column="home", levels=("rent", "own"), rest=True, missing=True),)
    assert [one.name for one in found.inputs] == ["home_is_rent", "home_is_own", "home_is_other", "home_is_missing"]
    new = pa.table({"home": ["own", "castle", None]})
    assert found.matrix(new).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_of_two_words_one_input_says_everything():
    assert [one.name for one in learned(pa.table({"sex": ["f", "m", "m"] * 9})).inputs] == ["sex_is_f"]


def test_names_are_such_that_trees_can_be_written_down_and_none_is_twice():
    columns = {"a b": [1.5, 2, 3], "a_b": [1.5, 2, 4], "c": ["y", '{"x": [1]}', '{"x": [1]}'], "额": [1.5, 2, 3]}
    rows = pa.table({name: values * 9 for name, values in columns.items()})
    names = [one.name for one in learned(rows).inputs]
    assert names == ["a_b", "a_b_2", "c_is_y", "额"]


def test_a_preparation_is_kept_as_json_and_does_the_same_again(tmp_path):
    rows = a_table(tmp_path).columns
    found = learned(rows)
    again = Preparation.read(found.pack())
    assert again == found
    assert (again.matrix(rows) == found.matrix(rows)).all()
    with pytest.raises(TableBroken, match="no preparation"):
        Preparation.read(b"{}")


def test_rows_that_lack_a_column_or_hold_words_for_numbers_are_refused(tmp_path):
    found = learned(pa.table({"owed": [1.5, 2.0, 9.0]}))
    with pytest.raises(TableBroken, match="has no column 'owed'"):
        found.matrix(pa.table({"owes": [1.5]}))
    with pytest.raises(TableBroken, match="has to hold numbers"):
        found.matrix(pa.table({"owed": ["much"]}))


def test_only_numbers_can_be_riskier_one_way(tmp_path):
    with pytest.raises(TableBroken, match="home: cannot be riskier one way: it is no column of numbers"):
        learned(a_table(tmp_path).columns, home="higher")


def test_nothing_of_the_rows_set_aside_is_learned_about_columns(tmp_path):
    recipe = Recipe.parse(SMALL)
    columns = some_columns()
    table = a_table(tmp_path)
    parts = parts_of(table, recipe.splits[0], recipe)
    spoilt = [1e9 if test else value for value, test in zip(columns["owed"], parts.test, strict=True)]
    other = a_table(
        tmp_path,
        owed=spoilt,
        home=["tent" if test else one for one, test in zip(columns["home"], parts.test, strict=True)],
    )
    assert prepare(other, recipe, parts).columns == prepare(table, recipe, parts).columns


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ('[inputs]\nnever = ["paid_back"]', "inputs.never.* 'paid_back'.*it has number, owed"),
        ('[inputs]\nonly = ["owed", "hom"]', "inputs.only.* 'hom'"),
        ('[inputs]\nonly_families = ["promises"]', "'promises', and the columns of a table have none"),
        ('[constraints]\nfree = ["home"]', "constraints.free.* 'home'.*home_is_rent"),
    ],
)
def test_a_recipe_that_names_what_the_table_does_not_hold_is_refused(tmp_path, broken, says):
    recipe, table = Recipe.parse(f"{SMALL}\n{broken}"), a_table(tmp_path)
    with pytest.raises(RecipeBroken, match=says):
        prepare(table, recipe, parts_of(table, recipe.splits[0], recipe))


def test_a_table_of_which_nothing_is_left_to_learn_from_is_refused(tmp_path):
    recipe, table = Recipe.parse(f'{SMALL}\n[inputs]\nonly = ["empty"]'), a_table(tmp_path)
    with pytest.raises(TooLittleToLearnFrom, match=r"no column becomes an input .*empty: it is null everywhere"):
        prepare(table, recipe, parts_of(table, recipe.splits[0], recipe))


def test_a_recipe_may_name_columns_that_become_no_input(tmp_path):
    named = '[inputs]\nnever = ["name", "customer"]\n[constraints]\nfree = ["owed", "empty", "home_is_.*"]'
    recipe, table = Recipe.parse(f"{SMALL}\n{named}"), a_table(tmp_path, Asked(label="bad", group="customer"))
    prepared = prepare(table, recipe, parts_of(table, recipe.splits[0], recipe))
    assert "owed" in {one.name for one in prepared.rows.inputs}


def test_without_a_time_groups_are_set_aside_whole_and_by_lot(tmp_path):
    recipe = Recipe.parse(SMALL)
    table = a_table(tmp_path, Asked(label="bad", group="customer"))
    parts = parts_of(table, recipe.splits[0], recipe)
    assert 0.1 < parts.test.mean() < 0.4
    assert not set(table.merchants[parts.train]) & set(table.merchants[parts.test])
    assert list(parts.sides) == ["all"]


def test_with_a_time_the_test_is_later_by_what_labels_need(tmp_path):
    recipe = Recipe.parse(SMALL)
    table = a_table(tmp_path, Asked(label="bad", time="opened", group="customer"))
    parts = parts_of(table, recipe.splits[0], recipe)
    assert table.as_of[parts.train].max() + np.timedelta64(31, "D") <= table.as_of[parts.test].min()
    assert list(parts.sides) == ["all", "unseen", "returning"]


def test_a_split_by_date_needs_a_time(tmp_path):
    recipe = Recipe.parse(SMALL.replace("test_share = 0.25", "test_from = 2025-01-01"))
    with pytest.raises(RecipeBroken, match="needs a column of time"):
        parts_of(a_table(tmp_path), recipe.splits[0], recipe)


def test_the_shipped_recipe_is_for_tables():
    recipe = find_recipe("table")
    assert (recipe.target, recipe.serve, recipe.baseline) == ("table", "best", "best")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run told to people and the same one told to machines, and where it was kept."""
    folder = tmp_path_factory.mktemp("table")
    (folder / "small.toml").write_text(SMALL)
    uri = f"sqlite:///{folder}/mlflow.db"
    words = ["train", "--table", str(a_file(folder)), "--label", "bad", "--time", "opened", "--group", "customer",
             "--riskier", "owed=higher", "--recipe", str(folder / "small.toml")]  # fmt: skip
    env = {"GOODFAITH_MLFLOW_URI": uri, "GOODFAITH_HOME": str(folder)}
    text, plain = (
        CliRunner().invoke(app, [*words, *more], env=env, catch_exceptions=False) for more in ([], ["--json"])
    )
    return folder, text.stdout, json.loads(plain.stdout)


def report_of(folder, name: str) -> bytes:
    (path,) = sorted(folder.glob(f"mlflow-artifacts/goodfaith-table/*/artifacts/report/{name}"))[:1]
    return path.read_bytes()


def test_people_are_told_figures_the_baseline_and_what_was_left_out(trained):
    _, text, _ = trained
    assert "loans.parquet, column bad: run " in text
    assert "column empty left out: it is null everywhere" in text
    assert "groups unseen in training" in text
    assert "over the best single column (owed)" in text


def test_machines_are_told_the_same(trained):
    _, _, report = trained
    (split,) = report["splits"]
    assert (report["target"], report["table"]["baseline"]) == ("table", "owed")
    assert split["merchants"]["all"]["model"]["auc"]["value"] > 0.65
    assert set(split["merchants"]["all"]["candidates"]) == {"shrunk_rate", "scorecard", "logistic", "trees"}


def test_a_tables_run_is_kept_and_no_model_is_registered(trained):
    folder, _, report = trained
    registry = Registry(f"sqlite:///{folder}/mlflow.db")
    assert registry.versions("table") == ()
    assert len(report["version"]) == 32


def test_the_same_table_gives_the_same_bundle(trained):
    folder, _, report = trained
    bundles = {
        read_bundle(path).digest
        for path in folder.glob("mlflow-artifacts/goodfaith-table/*/artifacts/model/data/bundle")
    }
    assert bundles == {report["bundle"]}


def test_new_rows_are_judged_with_what_was_kept(trained):
    folder, _, _ = trained
    (bundle, *_) = folder.glob("mlflow-artifacts/goodfaith-table/*/artifacts/model/data/bundle")
    columns = Preparation.read(report_of(folder, "columns.json"))
    model = Model(read_bundle(bundle))
    model.check_golden()
    rows = pa.table({"customer": [7, 7], "home": ["rent", "never heard of"], "owed": [90_000.0, 100.0]})
    risky, safe = model.p(columns.matrix(rows))
    assert risky > 0.5 > safe


def test_report_and_card_are_about_the_table_and_not_about_merchants(trained):
    folder, _, _ = trained
    page, card = report_of(folder, "report.html").decode(), report_of(folder, "card.md").decode()
    for text in (page, card):
        assert "loans.parquet" in text
        assert "merchant" not in text.lower()
        assert "nearly every row has another word" in text


def test_the_scorecard_is_told_by_groups_of_words(trained):
    folder, _, _ = trained
    page = report_of(folder, "report.html").decode()
    assert re.search(r"<td>home</td><td[^>]*>own, missing: <b>[+]\d+</b> · rent, .*: <b>-\d+</b>", page)


def test_groups_are_words_or_quarters_of_numbers_and_no_inputs(tmp_path):
    table = a_table(tmp_path, Asked(label="bad", fair=("home", "owed")))
    assert set(table.kinds["home"]) == {"own", "rent", "{odd}, [home]", "not known"}
    sizes = [int((table.kinds["owed"] == name).sum()) for name in set(table.kinds["owed"])]
    assert sorted(sizes) == [40, 90, 90, 90, 90], "a null in ten, and quarters of the rest"
    assert not {"home", "owed"} & set(table.columns.column_names)


def test_whose_good_rows_are_refused_more_often_is_told(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    owed = [value or 0.0 for value in some_columns()["owed"]]
    halves = ["much" if value > np.median(owed) else "little" for value in owed]
    path = a_file(tmp_path, half=halves)
    env = {"GOODFAITH_MLFLOW_URI": f"sqlite:///{tmp_path}/mlflow.db", "GOODFAITH_HOME": str(tmp_path)}
    words = [
        "train",
        "--table",
        str(path),
        "--label",
        "bad",
        "--fair",
        "half",
        "--recipe",
        str(tmp_path / "small.toml"),
    ]
    told = CliRunner().invoke(app, words, env=env, catch_exceptions=False).stdout
    card = report_of(tmp_path, "card.md").decode()
    assert ("unfair: good rows of half much" in told) == ('the group "half much"' in card)
    assert "half: much" in report_of(tmp_path, "report.html").decode()
    assert "Not looked at" not in card


def test_without_a_time_report_and_figures_say_that_they_are_not_out_of_time(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    env = {"GOODFAITH_MLFLOW_URI": f"sqlite:///{tmp_path}/mlflow.db", "GOODFAITH_HOME": str(tmp_path)}
    words = ["train", "--table", str(a_file(tmp_path)), "--label", "bad", "--recipe", str(tmp_path / "small.toml")]
    told = CliRunner().invoke(app, words, env=env, catch_exceptions=False).stdout
    assert "rows drawn by lot: not out of time" in told
    assert "Not out of time" in report_of(tmp_path, "report.html").decode()
    assert "Not out of time" in report_of(tmp_path, "card.md").decode()
    assert '"from": null' in report_of(tmp_path, "figures.json").decode()


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["train", "--target", "credit", "--table", "a.csv", "--label", "bad"],
        ["train", "--table", "a.csv"],
        ["train", "--table", "a.csv", "--label", "bad", "--store"],
        ["train", "--target", "credit", "--store", "--label", "bad"],
        ["train", "--table", "a.csv", "--label", "bad", "--riskier", "owed"],
        ["train", "--table", "a.csv", "--label", "bad", "--riskier", "owed=more"],
    ],
)
def test_wrong_usage_is_said_so(tmp_path, words):
    env = {"GOODFAITH_HOME": str(tmp_path)}
    assert CliRunner().invoke(app, words, env=env).exit_code == 2
