"""Merchants behave as what they are, and honest ones as real ones do."""

import pytest

from tests.features.simulator.market import ask, number

HONEST = "('reliable', 'decaying', 'victim', 'fading')"
CONFIRMED = (
    "(event_type = 'fake_report_resolved' AND outcome = 'confirmed' "
    "OR event_type = 'inspection_completed' AND outcome = 'failed_counterfeit')"
)
REVIEWS_OF_LATE = f"""
    SELECT avg((stars <= 2)::INT) FROM told WHERE event_type = 'review_posted' AND archetype IN {HONEST} AND order_id IN
    (SELECT order_id FROM events WHERE event_type = 'order_delivered' AND event_time > deliver_by)"""


def share(what, of, who=HONEST):
    return number(f"SELECT avg(({what})::INT) FROM told WHERE event_type = '{of}' AND archetype IN {who}")


def test_honest_merchants_are_as_late_and_as_disliked_as_olists():
    assert share("event_time > ship_by", "order_shipped") == pytest.approx(0.09, abs=0.03)
    assert share("event_time > deliver_by", "order_delivered") == pytest.approx(0.067, abs=0.02)
    assert share("stars <= 2", "review_posted") == pytest.approx(0.15, abs=0.04)
    assert number(REVIEWS_OF_LATE) == pytest.approx(0.62, abs=0.08)


def test_order_counts_have_a_heavy_tail():
    few, many = ask("SELECT unnest(quantile_disc(n_orders, [0.5, 0.99])) FROM truth WHERE n_orders > 0")
    assert many[0] > 8 * few[0]


def test_buyers_come_back_and_go_elsewhere():
    orders = "FROM events WHERE event_type = 'order_placed'"
    assert 1.3 < number(f"SELECT count(*) / count(DISTINCT buyer_id) {orders}") < 4
    assert 0.05 < number(f"SELECT 1 - count(DISTINCT (merchant_id, buyer_id)) / count(*) {orders}") < 0.25


def test_sloppy_merchants_break_more_promises():
    sloppy = "('sloppy')"
    assert share("event_time > ship_by", "order_shipped", sloppy) > 2 * share("event_time > ship_by", "order_shipped")
    assert share("outcome = 'rejected'", "return_answered", sloppy) > 0.12
    assert share("actor = 'merchant'", "order_cancelled", sloppy) > share("actor = 'merchant'", "order_cancelled")


def test_only_sellers_of_fakes_are_found_to_sell_fakes():
    assert ask(f"SELECT DISTINCT archetype FROM told WHERE {CONFIRMED}") == [("fake_seller",)]
    sellers = number(f"SELECT count(DISTINCT merchant_id) FROM told WHERE {CONFIRMED}")
    assert 0.5 < sellers / number("SELECT count(*) FROM truth WHERE n_fake_orders > 0") <= 1
    assert number(f"SELECT count(*) FROM told WHERE {CONFIRMED} AND event_time < turned_at") == 0


def test_victims_are_accused_by_few_and_acquitted():
    rows = ask("""SELECT count(*), count(DISTINCT reporter_id) FROM told
                  WHERE event_type = 'fake_report_filed' AND archetype = 'victim' GROUP BY merchant_id""")
    assert max(reports for reports, _ in rows) >= 10
    assert all(reporters <= 10 for _, reporters in rows)
    assert number("SELECT count(*) FROM told WHERE archetype = 'victim' AND outcome = 'bad_faith'") > 0


def bust_outs(what, when):
    return number(f"""SELECT count(*) FROM told WHERE archetype = 'bust_out' AND event_type = '{what}'
                      AND event_time {when}""")


def test_bust_outs_sell_more_and_send_nothing():
    later = ">= turned_at + INTERVAL 18 DAY"
    assert bust_outs("order_placed", later) > 100
    assert bust_outs("order_delivered", f"{later} + INTERVAL 20 DAY") < 0.1 * bust_outs("order_placed", later)
    before = "BETWEEN turned_at - INTERVAL 60 DAY AND turned_at - INTERVAL 10 DAY"
    assert bust_outs("order_delivered", before) > 0.8 * bust_outs("order_placed", before)


def test_bust_outs_leave_the_platform_with_the_loss():
    lost = """SELECT sum(amount_cents) FILTER (event_type = 'refund_paid' AND advanced_by = 'platform')
                     - coalesce(sum(amount_cents) FILTER (event_type = 'advance_recovered'), 0)
              FROM told WHERE archetype {} """
    assert number(lost.format("= 'bust_out'")) > 2 * number(lost.format(f"IN {HONEST}"))


def test_most_bust_outs_change_their_bank_account_shortly_before():
    told = number("""SELECT count(DISTINCT merchant_id) FROM told WHERE archetype = 'bust_out'
                     AND change = 'bank_account' AND event_time BETWEEN turned_at - INTERVAL 26 DAY AND turned_at""")
    assert told > 0.5 * number("SELECT count(*) FROM truth WHERE archetype = 'bust_out' AND turned_at IS NOT NULL")


def test_decaying_merchants_get_late():
    late = """SELECT avg((event_time > ship_by)::INT) FROM told
              WHERE event_type = 'order_shipped' AND archetype = 'decaying'"""
    before, after = "placed_at < turned_at", "placed_at > turned_at + INTERVAL 90 DAY"
    assert number(f"{late} AND {after}") > 2 * number(f"{late} AND {before}")


def test_a_removed_merchant_trades_no_more():
    assert number("SELECT count(*) FROM truth WHERE removed_at IS NOT NULL") > 0
    assert number("SELECT count(*) FROM told WHERE event_type = 'order_placed' AND event_time > removed_at") == 0
    removals = "FROM events WHERE penalty = 'removal'"
    known = f"SELECT merchant_id, event_time {removals} EXCEPT SELECT merchant_id, removed_at FROM truth"
    assert number(f"SELECT count(*) {removals}") == number("SELECT count(removed_at) FROM truth")
    assert number(f"SELECT count(*) FROM ({known})") == 0


def test_some_never_sell_and_some_fall_silent():
    assert number("SELECT sum(n_orders) FROM truth WHERE archetype = 'dormant'") == 0
    last = """SELECT max(event_time) < (SELECT max(event_time) FROM events) - INTERVAL 60 DAY FROM told
              WHERE archetype = 'fading' AND event_type = 'order_placed' GROUP BY merchant_id"""
    assert any(silent for (silent,) in ask(last))


def test_what_follows_an_order_follows_it_in_time():
    for first, then in (("order_placed", "order_shipped"), ("order_shipped", "order_delivered"),
                        ("order_delivered", "order_confirmed")):  # fmt: skip
        assert (
            number(f"""SELECT count(*) FROM events a JOIN events b USING (order_id)
                          WHERE a.event_type = '{first}' AND b.event_type = '{then}'
                          AND b.event_time < a.event_time""")
            == 0
        )


def test_no_order_is_both_cancelled_and_sent():
    sent = "SELECT order_id FROM events WHERE event_type = 'order_shipped'"
    assert number(f"SELECT count(*) FROM events WHERE event_type = 'order_cancelled' AND order_id IN ({sent})") == 0
