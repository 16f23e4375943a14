"""The bundle: packed and unpacked without loss, and any change found."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.bundle import Bundle, Calibration, Golden, _sealed
from scoring.errors import BundleBroken
from scoring.model import Model
from scoring.scorecard import Scaling
from tests.scoring.build import a_points_bundle, a_term, a_tree_bundle, an_input, grown_bundles

BUNDLES = {"trees": a_tree_bundle(), "points": a_points_bundle(a_term("late"))}


@settings(max_examples=20)
@given(grown_bundles())
def test_a_bundle_comes_back_as_it_was_packed(bundle):
    again = Bundle.unpack(bundle.pack())
    assert again == bundle
    assert again.pack() == bundle.pack()
    assert again.digest == bundle.digest


@pytest.mark.parametrize("kind", BUNDLES)
@given(data=st.data())
def test_a_flipped_bit_in_any_file_is_found(kind, data):
    packed = BUNDLES[kind].pack()
    name = data.draw(st.sampled_from(sorted(packed)))
    content = bytearray(packed[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BundleBroken):
        Bundle.unpack(packed | {name: bytes(content)})


def test_a_changed_model_file_is_named():
    with pytest.raises(BundleBroken, match=r"model\.txt is missing or differs from its hash"):
        Bundle.unpack(BUNDLES["trees"].pack() | {"model.txt": b"another"})


@pytest.mark.parametrize("name", ["manifest.json", "model.txt"])
def test_a_missing_file_is_found(name):
    packed = BUNDLES["trees"].pack()
    del packed[name]
    with pytest.raises(BundleBroken, match=name):
        Bundle.unpack(packed)


def test_a_file_that_the_manifest_does_not_know_is_found():
    with pytest.raises(BundleBroken, match=r"extra\.txt"):
        Bundle.unpack(BUNDLES["trees"].pack() | {"extra.txt": b""})


def test_the_same_values_written_otherwise_are_another_file():
    packed = BUNDLES["trees"].pack()
    loose = json.dumps(json.loads(packed["manifest.json"])).encode()
    with pytest.raises(BundleBroken, match="hash"):
        Bundle.unpack(packed | {"manifest.json": loose})


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"format": 2}', b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(manifest):
    with pytest.raises(BundleBroken, match="manifest"):
        Bundle.unpack({"manifest.json": manifest})


def sealed_anew(**changes):
    """A packed bundle whose manifest says something else, and whose own hash is right."""
    packed = BUNDLES["points"].pack()
    plain = json.loads(packed["manifest.json"]) | changes
    return packed | {"manifest.json": _sealed({name: value for name, value in plain.items() if name != "digest"})}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"kind": 7}, r"manifest\.json at kind"), ({"calibration": {"slope": 2, "intercept": 0}}, "canonical form")],
)
def test_a_manifest_that_is_sealed_and_says_what_it_may_not_is_refused(changes, problem):
    with pytest.raises(BundleBroken, match=problem):
        Bundle.unpack(sealed_anew(**changes))


def test_the_digest_changes_with_any_part():
    bundle = BUNDLES["trees"]
    others = [
        replace(bundle, calibration=Calibration(slope=2.0)),
        replace(bundle, training={"rows": 201}),
        replace(bundle, files={"model.txt": b"another"}),
    ]
    assert len({bundle.digest, *(other.digest for other in others)}) == 4


def test_whole_and_broken_numbers_of_one_value_are_packed_alike():
    bundle = BUNDLES["points"]
    whole, broken = (replace(bundle, calibration=Calibration(slope=slope)) for slope in (2, 2.0))
    assert whole.pack() == broken.pack()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "pickle"},
        {"files": {"model.pkl": b""}},
        {"files": {}},
        {"features": ()},
        {"features": (an_input("late"), an_input("late"))},
        {"features": (an_input("late", reason="R900"),)},
        {"features": (an_input("late", reason=""),)},
        {"features": (an_input("late", text_zh=""),)},
        {"features": (an_input("late", text="{nothing}"),)},
        {"features": (an_input("late", text_none="{value}"),)},
        {"calibration": Calibration(slope=0.0)},
        {"calibration": Calibration(slope=-1.0)},
        {"calibration": Calibration(intercept=float("nan"))},
        {"scaling": Scaling(points=600, odds=50, pdo=0, lowest=300, highest=850)},
        {"scaling": Scaling(points=900, odds=50, pdo=20, lowest=300, highest=850)},
        {"golden": Golden(inputs=((0.5, 0.5),), p=(0.5,))},
        {"golden": Golden(inputs=((0.5,),), p=())},
    ],
    ids=str,
)
def test_parts_that_do_not_fit_together_make_no_bundle(changes):
    with pytest.raises(BundleBroken):
        replace(BUNDLES["points"], **changes)


@pytest.mark.parametrize("value", [object(), float("nan"), "\ud800"])
def test_only_plain_values_can_be_packed(value):
    with pytest.raises(BundleBroken, match="JSON"):
        replace(BUNDLES["points"], training={"rows": value}).pack()


def test_it_is_said_which_features_have_changed_since_training():
    bundle = a_points_bundle(a_term("a"), a_term("b"), a_term("c"))
    now = {"a": "declaration of a", "b": "another declaration"}
    assert bundle.changed(now) == ("b", "c")


@pytest.mark.parametrize("kind", BUNDLES)
def test_an_unpacked_model_gives_what_the_packed_one_gave(kind):
    bundle = BUNDLES[kind]
    X = [[0.25] * len(bundle.inputs)]
    assert Model(Bundle.unpack(bundle.pack())).p(X).tolist() == Model(bundle).p(X).tolist()
