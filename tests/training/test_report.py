"""The report of a run is one file that needs nothing else, and says what was found."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import chi2

from tests.training.build import a_recipe, some_rows
from training.report.page import card, page
from training.report.plots import gains
from training.segments import grouped
from training.train import Report, metrics_of, prove

RECIPE = a_recipe(
    ("[model]", '[candidates]\ntry = ["scorecard", "trees"]\n[model]'),
    ("[evaluation]", "[costs]\nmissed = 10.0\nrefused = 2.0\nreview = 0.5\ncapacity = 1\n[evaluation]"),
)


@pytest.fixture(scope="module")
def report():
    rows = some_rows(1200)
    regions = np.where(np.arange(len(rows)) % 2, "north", "<b>south</b>").astype(object)
    rows = replace(rows, groups={"region": regions, "size": grouped([20] * len(rows), ((0, "small"),))})
    proofs = (prove(rows, RECIPE, RECIPE.splits[0]),)
    return Report(recipe=RECIPE, version="1", digest="d" * 64, rows=len(rows), faults={}, proofs=proofs)


class Open(HTMLParser):
    """Tags that are open, and what is asked for from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.outside = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "use", "path", "image", "rect", "line", "circle"):
            self.open.append(tag)
        names = dict(attrs)
        wanted = (names.get("src", ""), names.get("href", ""), names.get("xlink:href", ""))
        self.outside += [one for one in wanted if one and not one.startswith(("#", "data:"))]

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def test_a_report_is_whole_in_itself(report):
    html = Open()
    html.feed(page(report))
    assert html.open == []
    assert html.outside == []


def test_a_report_shows_every_candidate_and_figure(report):
    text = page(report).replace("\u00a0", " ")
    side = report.proofs[0].sides["all"]
    for name, judged in side.judged.items():
        assert name in text
        assert all(str(figure) in text for figure in judged.figures.values() if np.isfinite(figure.value))
    assert side.verdict in text
    assert text.count('class="plots') == 8
    # Nobody good is refused here, so the ninth picture would show nothing.
    assert "No group can be drawn beside the others" in text
    assert "how often a bad row is rated riskier" in text


def test_words_of_a_log_are_no_markup(report):
    assert "<b>south</b>" not in page(report)
    assert "&lt;b&gt;south" in page(report)


def test_the_same_run_gives_the_same_report(report):
    assert page(report) == page(report)


def test_the_order_of_rows_that_are_rated_alike_changes_no_picture():
    y, p = np.array([1, 1, 0, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.2, 0.2, 0.2, 0.2, 0.1])
    assert gains(y, {"trees": p}, served="trees") == gains(y[[0, 3, 4, 2, 1, 5]], {"trees": p}, served="trees")


def test_the_report_tells_of_moved_scores_what_promote_looks_at(report):
    figures = metrics_of(report.proofs)
    moved, bound = figures["score_psi"], figures["score_psi_bound"]
    assert f"moved by a PSI of {moved:.3f} since training (chance alone: up to {bound:.3f})" in page(report)


def test_a_merchants_months_count_once_where_the_report_tells_which_inputs_moved(report):
    shifts = re.findall(
        r'<td class="n">[\d.]+</td><td class="n">([\d.]+)</td><td>(?:stable|watch|shifted)', page(report)
    )
    # Ten bins of an input, 40 merchants on either side; as many rows as there are would make it less than 0.1.
    assert len(shifts) == len(report.proofs[0].train.inputs)
    assert max(map(float, shifts)) == pytest.approx(chi2.ppf(0.95, 9) * (1 / 40 + 1 / 40), abs=0.001)


def test_card_and_report_name_the_groups_that_nobody_can_judge(report):
    for text in (card(report), page(report)):
        told = text[text.index("Not judged, since fewer than 20 good merchants are in them") :]
        assert "region north, size small." in told[:200]
        assert "that could be judged is refused more than 1.25 times" in text


def test_a_card_says_what_a_committee_asks(report):
    text = card(report)
    for heading in ("Purpose", "Data", "Quality", "Fairness", "Limits", "Who must approve"):
        assert f"## {heading}\n" in text
    assert "**Verdict:**" in text
    rows = re.findall(r"^\| ([\w ]+) \| (.+) \|$", text, re.MULTILINE)
    assert {"AUC", "calibration error", "cost of a row"} <= {name for name, _ in rows}
    assert "\n\n\n" not in text
