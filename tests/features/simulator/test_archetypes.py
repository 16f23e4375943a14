"""Merchants behave as what they are, and honest ones as real ones do."""

import numpy as np
import pytest

from features.simulator.archetypes import ARCHETYPES
from tests.features.simulator.market import Market, a_scenario, all_of, ask, number

HONEST = str(tuple(name for name, one in ARCHETYPES.items() if one.honest and not one.vanishes))
FAKERS = "('fakes_few', 'fakes_most', 'fakes_mixed')"
CONFIRMED = (
    "(event_type = 'fake_report_resolved' AND outcome = 'confirmed' "
    "OR event_type = 'inspection_completed' AND outcome = 'failed_counterfeit')"
)


def share(what, of, who=HONEST):
    return number(f"SELECT avg(({what})::INT) FROM told WHERE event_type = '{of}' AND archetype IN {who}")


def test_honest_merchants_are_as_late_and_as_disliked_as_olists():
    # Few great merchants and one year's storms weigh much: six marketplaces show what is usual.
    seen = np.mean([honest_rates(seed) for seed in range(1, 7)], axis=0)
    assert seen == pytest.approx([0.09, 0.067, 0.15, 0.62], abs=0.015)


def honest_rates(seed):
    """Late dispatch, late delivery, one or two stars, the same of late orders."""
    market, honest = Market(a_scenario(merchants=400, days=450, seed=seed)), f"archetype IN {HONEST}"
    late = "order_id IN (SELECT order_id FROM events WHERE event_type = 'order_delivered' AND event_time > deliver_by)"
    return [
        market.share("event_time > ship_by", "order_shipped", honest),
        market.share("event_time > deliver_by", "order_delivered", honest),
        market.share("stars <= 2", "review_posted", honest),
        market.share("stars <= 2", "review_posted", f"{honest} AND {late}"),
    ]


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
    assert number(f"SELECT count(*) FROM told WHERE {CONFIRMED} AND archetype NOT IN {FAKERS}") == 0
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
    market = all_of("bust_out")
    told = market.number("""SELECT count(DISTINCT merchant_id) FROM told WHERE
                            change = 'bank_account' AND event_time BETWEEN turned_at - INTERVAL 26 DAY AND turned_at""")
    assert told > 0.6 * market.number("SELECT count(turned_at) FROM truth")


def late(archetype, when):
    """How often merchants are late on average, whatever they sell."""
    return all_of(archetype, merchants=100).number(f"""SELECT avg(late) FROM (
        SELECT avg((event_time > ship_by)::INT) AS late FROM told WHERE event_type = 'order_shipped' AND {when}
        GROUP BY merchant_id HAVING count(*) >= 5)""")


BEFORE, AFTER = "placed_at < turned_at", "placed_at > turned_at + INTERVAL 90 DAY"


def test_decaying_merchants_get_late_and_those_who_turn_around_do_not_stay_so():
    assert late("decaying", AFTER) > 2 * late("decaying", BEFORE)
    assert late("turn_around", AFTER) < 0.6 * late("turn_around", BEFORE)


def test_a_sold_shop_lives_on_its_name():
    market = all_of("sold_shop")
    assert late("sold_shop", AFTER) > 2 * late("sold_shop", BEFORE)
    hands = "event_time BETWEEN turned_at - INTERVAL 2 DAY AND turned_at"
    owners = market.count("account_changed", f"change = 'owner' AND {hands}")
    assert owners == market.number("SELECT count(turned_at) FROM truth") > 10


def test_an_overstretched_merchant_gets_late_as_it_grows():
    market = all_of("overstretched")
    early, end = "placed_at < '2025-04-01'", "placed_at > '2025-12-01'"
    early, end = (f"{when} AND registered_at < '2025-01-01'" for when in (early, end))
    assert market.count("order_shipped", end) > 1.5 * market.count("order_shipped", early)
    assert late("overstretched", end) > 2 * late("overstretched", early)


def test_a_seasonal_merchant_has_a_season():
    spread = """SELECT median(most / least) FROM (SELECT max(n) AS most, min(n) AS least FROM (
                  SELECT merchant_id, date_trunc('month', event_time) AS month, count(*) AS n FROM told
                  WHERE event_type = 'order_placed' AND event_time < '2026-01-01' AND registered_at < '2024-10-01'
                  GROUP BY ALL) GROUP BY merchant_id HAVING sum(n) > 200)"""
    assert all_of("seasonal").number(spread) > 1.7 * all_of("reliable").number(spread)


def test_who_is_careless_and_cheap_asks_half_the_price_for_bad_goods():
    cheap, usual = all_of("careless_cheap"), all_of("reliable")
    price = "SELECT median(price_cents / 1.0) FROM told WHERE event_type = 'listing_changed'"
    assert cheap.number(price) < 0.6 * usual.number(price)
    assert cheap.share("stars <= 2", "review_posted") > 1.3 * usual.share("stars <= 2", "review_posted")
    assert cheap.share("outcome = 'rejected'", "return_answered") < 0.1


def test_a_newcomer_has_a_short_history():
    assert all_of("newcomer").number("SELECT count(*) FROM truth WHERE registered_at < '2025-10-08'") == 0
    assert all_of("newcomer").count("order_placed") > 100


def test_a_refuser_refuses_once_it_has_turned():
    answers = "SELECT avg((outcome = 'rejected')::INT) FROM told WHERE event_type = 'return_answered' AND {}"
    assert all_of("refuser").number(answers.format("event_time > turned_at + INTERVAL 15 DAY")) > 0.5
    assert all_of("refuser").number(answers.format("event_time < turned_at")) < 0.1
    assert all_of("refuser").share("programme = 'seven_day_return'", "programme_joined") > 0.4


def test_a_false_advertiser_promises_what_its_goods_are_not():
    bold, usual = all_of("false_advertiser"), all_of("reliable")
    assert bold.share("outcome != 'passed'", "advert_checked") > 0.5
    assert usual.share("outcome != 'passed'", "advert_checked") < 0.2
    assert bold.share("reason = 'not_as_described'", "return_requested", "reason != 'no_reason'") > 0.6


def test_a_grey_market_sellers_goods_are_genuine_but_not_its_to_sell():
    grey = all_of("grey_market")
    assert grey.number("SELECT sum(n_fake_orders) FROM truth") == 0
    assert grey.count("fake_report_resolved", "outcome = 'grey_market'") > 5
    assert grey.count("fake_report_resolved", "outcome = 'confirmed'") == 0
    authorised = "SELECT count(DISTINCT (merchant_id, brand)) FROM told WHERE qualification = 'brand_authorisation'"
    offered = """SELECT count(DISTINCT (merchant_id, brand)) FROM told
                 WHERE event_type = 'listing_changed' AND brand IS NOT NULL"""
    assert grey.number(authorised) < 0.25 * grey.number(offered)


def test_platform_fulfilled_orders_say_so_and_are_sent_in_time():
    market = all_of("platform_fulfilled")
    assert market.share("fulfilled_by = 'platform'", "order_placed") == 1
    assert market.share("event_time > ship_by", "order_shipped") < 0.05


def test_a_brushers_buyers_praise_at_once_and_are_seen_on_its_device():
    market = all_of("brusher")
    brushed = "order_id IN (SELECT order_id FROM truth_orders WHERE scheme = 'brushing')"
    assert market.share("stars >= 4", "review_posted", brushed) == 1
    assert market.share("stars >= 4", "review_posted", f"NOT {brushed}") < 0.85
    bought = market.number("SELECT sum(n_scheme_orders) / sum(n_orders) FROM truth")
    assert 0.3 < bought < 0.7
    assert market.count("link_observed", "buyer_id IS NOT NULL") > 20


def test_a_hijacked_shop_sends_nothing_until_it_is_restored():
    market = all_of("hijacked")
    sent = """SELECT avg((order_id IN (SELECT order_id FROM events WHERE event_type = 'order_shipped'))::INT)
              FROM told WHERE event_type = 'order_placed' AND {}"""
    assert market.number(sent.format("event_time BETWEEN turned_at + INTERVAL 3 DAY AND restored_at")) < 0.1
    assert market.number(sent.format("event_time > restored_at")) > 0.9
    assert market.count("account_changed", "change = 'bank_account' AND event_time BETWEEN turned_at - INTERVAL 2 DAY "
                        "AND turned_at") > 5  # fmt: skip


def test_a_phoenix_shares_tokens_with_the_removed_shop_that_it_was():
    market = all_of("phoenix", "bust_out", merchants=120, days=540)
    risen = "SELECT * FROM truth WHERE archetype = 'phoenix' AND predecessor_id IS NOT NULL"
    assert market.number(f"SELECT count(*) FROM ({risen})") > 5
    assert market.number(f"""SELECT count(*) FROM ({risen}) AS new JOIN truth AS old
                             ON old.merchant_id = new.predecessor_id WHERE old.removed_at IS NULL
                             OR old.removed_at > new.registered_at""") == 0  # fmt: skip
    shared = market.number(f"""SELECT count(DISTINCT new.merchant_id) FROM ({risen}) AS new
                               JOIN events a ON a.merchant_id = new.merchant_id
                               JOIN events b ON b.merchant_id = new.predecessor_id AND b.link_token = a.link_token""")
    assert shared > 0.45 * market.number(f"SELECT count(*) FROM ({risen})")


def test_fakes_are_few_or_most_of_what_is_sold_or_mixed_into_it():
    few, most, mixed = (all_of(name) for name in ("fakes_few", "fakes_most", "fakes_mixed"))
    faked = """SELECT avg(fakes / n) FROM (SELECT sum(fake::INT) AS fakes, count(*) AS n
               FROM truth_orders JOIN truth USING (merchant_id) WHERE n_fake_orders > 0 GROUP BY merchant_id)"""
    assert few.number(faked) < 0.45 < most.number(faked)
    both = """SELECT count(*) FROM (SELECT listing_id FROM events JOIN truth_orders USING (order_id)
              JOIN truth ON truth.merchant_id = events.merchant_id
              WHERE event_type = 'order_placed' AND event_time > turned_at GROUP BY listing_id
              HAVING bool_or(fake) AND NOT bool_and(fake))"""
    assert mixed.number(both) > 20
    assert most.number(both) == 0


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
