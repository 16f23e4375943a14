"""A recipe says everything, and says it right, or it is refused by the key that is wrong."""

from datetime import date, timedelta

import pytest

from features.catalogue import FAMILIES
from features.label_spec import Undelivered
from tests.training.build import a_recipe
from training.dataset import inputs_of
from training.errors import RecipeBroken, RecipeUnknown
from training.recipe import TABLE, TARGETS, Recipe, find_recipe, shipped_recipes
from training.recipe_inputs import Inputs
from training.text_recipe import reads_texts

FLOOD = '[[exemptions]]\nfrom = 2024-02-01\nuntil = 2024-02-03\nregions = ["north"]\nreason = "flood"\n'


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_has_a_shipped_recipe_of_its_name(target):
    assert find_recipe(target).target == target


def test_the_shipped_recipes_are_those_of_the_contract():
    assert {*TARGETS, "olist-dispatch", "olist-own-fault"} <= set(shipped_recipes())


@pytest.mark.parametrize("name", [one for one in shipped_recipes() if not reads_texts(one)])
def test_every_shipped_recipe_can_be_read_and_names_inputs_of_the_catalogue(name):
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.target == TABLE or recipe.baseline in {one.name for one in inputs_of(recipe)}


def test_a_tables_label_is_a_column_and_nothing_else():
    table = find_recipe("table").text
    with pytest.raises(RecipeBroken, match=r"label\.threshold"):
        Recipe.parse(table.replace('kind = "column"', 'kind = "column"\nthreshold = 0.2'))
    with pytest.raises(RecipeBroken, match=r"label\.kind"):
        Recipe.parse(table.replace('kind = "column"', 'kind = "own_fault"'))
    with pytest.raises(RecipeBroken, match=r"columns\.levels"):
        Recipe.parse(table.replace("levels = 20", "levels = 0"))


def test_a_label_is_mature_after_horizon_and_delay():
    assert a_recipe().label.gap == timedelta(days=40)


def test_a_label_is_mature_after_the_longest_delay_of_its_components():
    recipe = a_recipe(("delay_days = 10", "delay_days = 10\ndelays = {dispatch_late = 25}"))
    assert recipe.label.gap == timedelta(days=55)
    assert a_recipe(("delay_days = 10", "delay_days = 10\ndelays = {dispatch_late = 2}")).label.gap.days == 40


def test_weights_and_exemptions_are_read():
    recipe = a_recipe(
        ('components = ["dispatch_late"]', 'components = ["dispatch_late", "settled"]'),
        ("delay_days = 10", "delay_days = 10\nweights = {settled = 0.5}"),
        ("[baseline]", f"{FLOOD}[baseline]"),
    )
    assert recipe.label.weights == {"settled": 0.5}
    (flood,) = recipe.label.exemptions
    assert (flood.first, flood.until, flood.regions, flood.reason) == (
        date(2024, 2, 1), date(2024, 2, 3), ("north",), "flood",
    )  # fmt: skip


def test_a_table_left_away_takes_its_defaults():
    recipe = a_recipe()
    assert (recipe.folds, recipe.model.row_share, recipe.splits[0].overlap) == (5, 1.0, "none")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("seed = 7", "", "seed"),
        ("seed = 7", 'seed = "seven"', "seed"),
        ("seed = 7", "seed = true", "seed"),
        ("seed = 7", "seed = 7\ncolour = 1", "colour"),
        ('target = "credit"', 'target = "weather"', "target"),
        ("threshold = 0.3", "threshold = 1.5", "label.threshold"),
        ('components = ["dispatch_late"]', 'components = ["bad_weather"]', "label.components"),
        ('components = ["dispatch_late"]', "components = []", "label.components"),
        ("min_orders = 3", "min_orders = 3\nmin_buyers = 2", "label.min_buyers"),
        ("delay_days = 10", "delay_days = 10\nweights = {dispatch_late = 0.0}", "label.weights.dispatch_late"),
        ("delay_days = 10", "delay_days = 10\nweights = {settled = 0.5}", "label.weights.settled"),
        ("delay_days = 10", "delay_days = 10\ndelays = {dispatch_late = 0.5}", "label.delays.dispatch_late"),
        ('kind = "own_fault"', 'kind = "counterfeit"', "label.kind"),
        ('["dispatch_late"]', '["dispatch_late", "dispatch_late"]', "label.components"),
        ("test_share = 0.4", "test_from = 2024-05-01\ntest_to = 2024-04-01", "split[0].test_from"),
        ("test_share = 0.4", "test_share = 0.4\ntrain_from = 2024-05-01\ntrain_to = 2024-04-01", "split[0].train_from"),
        ("[baseline]", "[constraints]\nfree = ['(']\n[baseline]", "constraints.free"),
        ("[baseline]", "[constraints]\nmonotone = false\n[baseline]", "constraints.monotone"),
        ("[baseline]", "[[exemptions]]\nfrom = 2024-02-01\n[baseline]", "exemptions[0].until"),
        ("[baseline]", f"{FLOOD.replace('02-03', '02-01')}[baseline]", "exemptions[0].until"),
        ("[baseline]", f"{FLOOD}towns = []\n[baseline]", "exemptions[0].towns"),
        ("[baseline]", f"{FLOOD.replace('reason', '#')}[baseline]", "exemptions[0].reason"),
        ("test_share = 0.4", "", "split[0].test_from"),
        ("test_share = 0.4", "test_share = 0.4\ntest_from = 2024-01-01", "split[0].test_from"),
        ("test_share = 0.4", 'test_from = "soon"', "split[0].test_from"),
        ("test_share = 0.4", 'test_share = 0.4\noverlap = "stated"', "split"),
        ('name = "later"', 'name = "Later on"', "split[0].name"),
        ("depth = 3", "depth = 30", "model.depth"),
        ("resamples = 20", "resamples = 0", "evaluation.resamples"),
        ('"n_orders_90d_capped"', '"n_orders_(90d"', "inputs.only"),
        ("seed = 7", "seed = ", "(file)"),
    ],
)
def test_a_broken_recipe_is_refused_by_the_key_that_is_wrong(old, new, key):
    with pytest.raises(RecipeBroken) as refused:
        a_recipe((old, new))
    assert refused.value.key == key


BUST_OUT = (
    ('target = "credit"', 'target = "bust_out"'),
    ('kind = "own_fault"\ncomponents = ["dispatch_late"]\nthreshold = 0.3', 'kind = "bust_out"'),
)
GOODS = "delay_days = 10\nundelivered = {share = 0.5, cents = 100, grace_days = 7}"


def test_a_recipe_of_bust_outs_is_read():
    recipe = a_recipe(*BUST_OUT, ("delay_days = 10", f"{GOODS}\ndelays = {{undelivered = 20}}"))
    assert recipe.label.undelivered == Undelivered(share=0.5, cents=100, grace_days=7)
    assert (recipe.label.unrecovered, recipe.label.gap.days) == (None, 50)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("delay_days = 10", "label.undelivered"),
        (GOODS.replace("grace_days = 7", "grace_days = 11"), "label.undelivered.grace_days"),
        (GOODS.replace("share = 0.5", "share = 1.5"), "label.undelivered.share"),
        (GOODS.replace(", cents = 100", ""), "label.undelivered.cents"),
        (f"{GOODS}\nunrecovered = {{share = 0.5}}", "label.unrecovered.cents"),
        (f"{GOODS}\ndelays = {{unrecovered = 20}}", "label.delays.unrecovered"),
        (f"{GOODS}\ncomponents = ['cancelled']", "label.components"),
    ],
)
def test_a_broken_recipe_of_bust_outs_is_refused_by_the_key_that_is_wrong(written, key):
    with pytest.raises(RecipeBroken) as refused:
        a_recipe(*BUST_OUT, ("delay_days = 10", written))
    assert refused.value.key == key


def test_own_faults_know_no_goods_that_never_came():
    with pytest.raises(RecipeBroken, match=r"label\.undelivered"):
        a_recipe(("delay_days = 10", GOODS))


def test_two_splits_of_one_name_are_refused():
    with pytest.raises(RecipeBroken, match="same name"):
        a_recipe(("[baseline]", '[[split]]\nname = "later"\ntest_share = 0.2\n[baseline]'))


def test_a_baseline_that_is_no_input_is_refused():
    with pytest.raises(RecipeBroken, match=r"baseline\.feature"):
        inputs_of(a_recipe(("dispatch_kept_rate_365d_capped_shrunk", "days_of_sunshine")))


def test_the_baseline_is_an_input_even_when_no_pattern_admits_it():
    recipe = a_recipe(
        (
            '["(dispatch_kept|merchant_cancel)_rate_(90|365)d_capped_shrunk", "n_orders_90d_capped"]',
            '["n_orders_90d_capped"]',
        )
    )
    assert {one.name for one in inputs_of(recipe)} == {"n_orders_90d_capped", "dispatch_kept_rate_365d_capped_shrunk"}


def test_a_pattern_admits_whole_names_only():
    assert Inputs(only=("n_orders_90d_capped",)).admits("n_orders_90d_capped")
    assert not Inputs(only=("n_orders",)).admits("n_orders_90d_capped")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[inputs]\nnever = ['weather_.*']", "inputs.never.*weather"),
        ("[inputs]\nonly_families = ['weather']", "inputs.*'weather', which is no family"),
        ("[inputs]\nnever_families = ['weather']", "inputs.*'weather', which is no family"),
        ("[constraints]\nfree = ['weather_.*']", "constraints.free.*weather"),
    ],
)
def test_what_stands_for_no_input_is_refused_rather_than_overlooked(written, told):
    with pytest.raises(RecipeBroken, match=told):
        inputs_of(Recipe.parse(f"{find_recipe('credit').text}\n{written}\n"))


def test_families_let_inputs_in_and_keep_them_out():
    credit, promises = find_recipe("credit"), {one.name for one in FAMILIES["promises"]}
    only = inputs_of(Recipe.parse(f"{credit.text}\n[inputs]\nonly_families = ['promises']\n"))
    never = inputs_of(Recipe.parse(f"{credit.text}\n[inputs]\nnever_families = ['promises']\n"))
    assert {one.name for one in only} - {credit.baseline} <= promises
    assert not {one.name for one in never} & promises
    assert len(only) + len(never) == len(inputs_of(credit)) + 1  # The baseline is an input of both.


def test_dates_of_a_split_are_read():
    recipe = a_recipe(("test_share = 0.4", "test_from = 2024-05-01\ntest_to = 2024-07-01"))
    assert (recipe.splits[0].test_from, recipe.splits[0].test_to) == (date(2024, 5, 1), date(2024, 7, 1))


def test_a_recipe_that_does_not_exist_is_answered_with_those_that_do():
    with pytest.raises(RecipeUnknown, match="olist-dispatch"):
        find_recipe("nowhere.toml")


def test_a_recipe_may_be_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(a_recipe().text)
    assert find_recipe(str(path)).name == "small"


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(RecipeBroken, match="UTF-8"):
        find_recipe(str(path))
