"""The score policy: every score has one band, and a policy that is wrong anywhere says where."""

import re

import pytest

from scoring.errors import PolicyInvalid, ScoreOffScale
from scoring.score_policy import BAND_NAMES, ScorePolicy
from scoring.scorecard import STANDARD
from tests.scoring.build import POLICY, POLICY_TEXT


def test_every_score_has_exactly_one_band():
    for score in range(300, 851):
        holding = [band.name for band in POLICY.bands if band.least <= score <= band.most]
        assert [POLICY.band(score)] == holding


def test_a_higher_score_never_has_the_worse_band():
    bands = [POLICY.band(score) for score in range(300, 851)]
    assert bands == sorted(bands, reverse=True)
    assert set(bands) == set(BAND_NAMES)


@pytest.mark.parametrize("score", [299, 851])
def test_a_score_off_the_scale_has_no_band(score):
    with pytest.raises(ScoreOffScale, match=str(score)):
        POLICY.band(score)


@pytest.mark.parametrize(
    ("score", "best", "band"), [(800, "A", "A"), (800, "B", "B"), (590, "A", "B"), (400, "B", "E")]
)
def test_a_cap_takes_bands_away_and_gives_none(score, best, band):
    assert POLICY.band(score, best=best) == band


def test_the_shipped_policy_stands_on_the_standard_scale():
    assert POLICY.scale.scaling == STANDARD


@pytest.mark.parametrize(
    ("found", "instead", "place"),
    [
        ("watch = 0.05", "wacht = 0.05", r"counterfeit\.wacht"),
        ("[evidence]", "colour = 3\n[evidence]", "colour"),
        ("most = 4", "", r"reasons\.most"),
        ("since = 2026-11-22", "", "since"),
        ("since = 2026-11-22", 'since = "soon"', "since"),
        ('jurisdiction = "CN"', 'jurisdiction = ""', "jurisdiction"),
        ("to = 619", "to = 615", "bands: scores 616 to 619 between bands A and B have no band"),
        ("to = 619", "to = 625", "bands: bands A and B overlap from 620 to 625"),
        ("from = 580", "from = 630", "bands: band B runs from 630 down to 619, band B does not lie below band A"),
        ("from = 540", "from = 480", "bands: bands C and D overlap|band D"),
        ('name = "C"', 'name = "F"', r"bands\.2\.name"),
        ('name = "C"', 'name = "B"', "bands: there must be bands A, B, C, D, E"),
        ("from = 300 ", "from = 310 ", "as a whole: bands run from 310 to 850, the scale from 300 to 850"),
        ("from = 620", "from = 620.5", r"bands\.0\.from"),
        ("lowest = 300", "lowest = 600", "scale: lowest, points and highest must rise"),
        ("odds = 50", "odds = 0", r"scale\.odds"),
        ("orders = 30", "orders = -1", r"evidence\.orders"),
        ("p_bad = 0.10", "p_bad = 1.0", r"fallback\.p_bad"),
        ("p_bad = 0.10", "p_bad = nan", r"fallback\.p_bad"),
        ("p_bad = 0.10", "p_bad = true", r"fallback\.p_bad"),
        ("high = 0.20", "high = 0.05", "counterfeit: watch .* must lie below high"),
        ('flagged_from = "high"', 'flagged_from = "never"', r"counterfeit\.flagged_from"),
        ("most = 4", "most = 5", r"reasons\.most"),
        ("[evidence]", "[evidence", "no TOML"),
    ],
)
def test_a_wrong_policy_says_where_it_is_wrong(found, instead, place):
    assert found in POLICY_TEXT
    with pytest.raises(PolicyInvalid, match=place):
        ScorePolicy.parse(POLICY_TEXT.replace(found, instead, 1))


@pytest.mark.parametrize("bands", ["", "bands = 3\n", "bands = []\n"])
def test_a_policy_without_bands_is_refused(bands):
    rest = re.sub(r"\[\[bands\]\](.|\n)*?(?=\n\[|\n\n)", "", POLICY_TEXT)
    with pytest.raises(PolicyInvalid, match="bands"):
        ScorePolicy.parse(bands + rest)


def test_every_mistake_is_named_at_once():
    text = POLICY_TEXT.replace("most = 4", "most = 9").replace("orders = 30", "orders = -1")
    with pytest.raises(PolicyInvalid, match=r"evidence\.orders.*reasons\.most"):
        ScorePolicy.parse(text)


def test_another_number_is_another_version_and_another_comment_is_not():
    assert ScorePolicy.parse(POLICY_TEXT + "\n# A remark.\n").version == POLICY.version
    assert ScorePolicy.parse(POLICY_TEXT.replace("watch = 0.05", "watch = 0.06")).version != POLICY.version


NUMBERS = [line for line in POLICY_TEXT.splitlines() if re.search(r"= .*\d", line) and "since" not in line]


@pytest.mark.parametrize("line", NUMBERS)
def test_every_number_names_its_source_or_says_that_it_is_our_own(line):
    assert re.search(r"# (source|own proposal).*: \w+", line)
