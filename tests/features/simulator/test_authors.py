"""What people of a marketplace write fits what happened to them, mostly."""

import numpy as np
import pyarrow as pa
import pytest

from features.simulator.authors import TEXTS, Cast, write_texts
from features.simulator.simulate import simulate
from tests.features.simulator.market import a_scenario, ask, number, the_marketplace, the_texts


def test_every_text_is_about_one_event_of_its_kind():
    kinds = dict(ask("SELECT DISTINCT texts.kind, event_type FROM texts JOIN events USING (event_id)"))
    assert kinds == {"title": "listing_changed", "review": "review_posted", "complaint": "complaint_received",
                     "message": "message_answered"}  # fmt: skip
    assert number("SELECT count(*) FROM texts") == number(
        f"SELECT count(*) FROM events WHERE event_type IN {tuple(kinds.values())}"
    )
    assert number("SELECT count(*) - count(DISTINCT event_id) FROM texts") == 0


def test_listings_bear_their_titles_and_keep_them():
    untitled = "SELECT count(*) FROM events WHERE (event_type = 'listing_changed') = (title IS NULL)"
    assert number(untitled) == 0
    assert (
        number(
            "SELECT count(*) FROM texts JOIN events USING (event_id) WHERE title IS NOT NULL AND title <> texts.text"
        )
        == 0
    )
    assert number("""SELECT max(n) FROM (SELECT count(DISTINCT title) n FROM events WHERE title IS NOT NULL
                     GROUP BY listing_id)""") == 1  # fmt: skip


def test_hardly_any_merchant_has_two_listings_of_one_title():
    shared = """SELECT count(*) FROM (SELECT 1 FROM events WHERE title IS NOT NULL GROUP BY merchant_id, title
                HAVING count(DISTINCT listing_id) > 1)"""
    assert number(shared) < 0.002 * number("SELECT count(DISTINCT listing_id) FROM events")


def test_claims_that_adverts_were_found_to_make_stand_in_their_titles():
    rows = ask("""SELECT DISTINCT c.outcome, t.topic FROM events c JOIN events l USING (listing_id)
                  JOIN texts t ON t.event_id = l.event_id
                  WHERE c.event_type = 'advert_checked' AND l.event_type = 'listing_changed' AND c.outcome <> 'passed'
                  AND listing_id NOT IN (SELECT listing_id FROM events WHERE event_type = 'advert_checked'
                                         GROUP BY listing_id HAVING count(*) > 1)""")
    assert {topic for outcome, topic in rows if outcome == "absolute_claim"} == {"superlative"}
    assert {topic for outcome, topic in rows if outcome == "false_promise"} <= {"medical", "bait", "official"}


REVIEWS = "FROM texts JOIN events e USING (event_id) WHERE texts.kind = 'review'"


def test_stars_and_texts_agree_mostly():
    assert 0.85 < number(f"SELECT avg((texts.topic = 'praise')::INT) {REVIEWS} AND stars >= 4") < 0.95
    contradicted = number(f"SELECT avg((texts.topic = 'praise')::INT) {REVIEWS} AND stars <= 2")
    assert 0.01 < contradicted < 0.04


def test_bitter_reviews_of_late_orders_speak_of_lateness():
    late = "order_id IN (SELECT order_id FROM events WHERE event_type = 'order_delivered' AND event_time > deliver_by)"
    about = f"SELECT avg((texts.topic = 'late')::INT) {REVIEWS} AND stars <= 2 AND"
    assert number(f"{about} {late}") > 0.6
    assert number(f"{about} NOT {late}") < 0.02


def test_bitter_reviews_of_fakes_speak_of_fakes():
    about = f"""SELECT avg((texts.topic = 'counterfeit')::INT) {REVIEWS} AND stars <= 2 AND merchant_id IN
                (SELECT merchant_id FROM truth WHERE archetype"""
    assert number(f"{about} LIKE 'fakes%')") > 0.2
    assert number(f"{about} NOT LIKE 'fakes%')") < 0.02


def test_a_merchant_writes_one_language_and_its_buyers_mostly_too():
    assert number("""SELECT max(n) FROM (SELECT count(DISTINCT language) n FROM texts JOIN events USING (event_id)
                     WHERE texts.kind IN ('title', 'message') GROUP BY merchant_id)""") == 1  # fmt: skip
    shares = dict(
        ask("SELECT language, count(*) / sum(count(*)) OVER () FROM texts WHERE kind = 'title' GROUP BY language")
    )
    assert shares == {"zh": pytest.approx(0.55, abs=0.12), "en": pytest.approx(0.27, abs=0.12),
                      "pt": pytest.approx(0.18, abs=0.12)}  # fmt: skip


def test_titles_tell_sellers_of_fakes_from_others_but_not_surely():
    bold = """SELECT avg((texts.topic <> 'honest')::INT) FROM texts JOIN told USING (event_id)
              WHERE texts.kind = 'title' AND archetype"""
    assert 0.3 < number(f"{bold} LIKE 'fakes%'") < 0.8
    assert 0.02 < number(f"{bold} = 'reliable'") < 0.15


def test_pieces_of_a_marketplace_have_the_same_texts_however_it_is_cut():
    one, many = (
        pa.concat_tables([piece.texts for piece in simulate(a_scenario(days=60), together=size)]).sort_by("event_id")
        for size in (30, 7)
    )
    assert one.num_rows > 100
    assert one.equals(many)


def test_without_bodies_events_are_the_same():
    [whole] = simulate(a_scenario(days=60), together=30)
    [bare] = simulate(a_scenario(days=60), together=30, texts=False)
    assert bare.texts.num_rows == 0
    assert bare.texts.schema == TEXTS
    assert bare.events.equals(whole.events)


def test_a_rings_reviews_are_marked_as_copied():
    events, truth = the_marketplace()
    merchant = max(truth.to_pylist(), key=lambda row: row["n_orders"])["merchant_id"]
    orders = pa.array(
        [
            row[0]
            for row in ask(
                f"SELECT order_id FROM events WHERE event_type = 'order_placed' AND merchant_id = '{merchant}'"
            )
        ]
    )
    texts = write_texts(events, Cast(seed=3, truth=truth, brushed=orders)).texts.to_pandas()
    copied = texts[texts["noise"] == "copied"]
    assert len(copied) > 50
    assert set(copied["topic"]) == {"praise"}
    assert copied["language"].nunique() == 1
    assert set(copied["event_id"]) == {
        row[0]
        for row in ask(f"SELECT event_id FROM events WHERE event_type = 'review_posted' AND merchant_id = '{merchant}'")
    }


def test_nothing_happened_and_nothing_is_written():
    events, truth = the_marketplace()
    told = write_texts(events.slice(0, 0), Cast(seed=1, truth=truth.slice(0, 0)))
    assert (told.events.num_rows, told.texts.num_rows) == (0, 0)


def test_another_seed_writes_other_texts():
    events, truth = the_marketplace()
    other = write_texts(events, Cast(seed=99, truth=truth)).texts["text"].to_numpy(zero_copy_only=False)
    assert np.mean(other == the_texts()["text"].to_numpy(zero_copy_only=False)) < 0.1
