"""What each attack does to the log, beside the same marketplace without it, and what it writes about itself."""

import pytest

from features.simulator.attacks import ATTACKS
from features.simulator.fulfilment import HUGGED
from features.simulator.refunds import PIECE_CENTS
from features.simulator.scenario import Acts, Attack
from tests.features.simulator.market import Market, a_scenario, attacked

BEGIN, END = "'2025-04-11'", "'2025-06-30'"
DURING = f"event_time >= {BEGIN} AND event_time < {END}"
PLACED = f"placed_at >= {BEGIN} AND placed_at < {END}"


def both(kind):
    """The marketplace under an attack and without it; all else is the same."""
    return attacked(kind), attacked("carrier_strike", strength=0)


def touched(market, kind):
    """Who is touched, as a condition."""
    rows = market.ask(f"SELECT merchant_id FROM truth_attacks WHERE attack = '{kind}'")
    return f"merchant_id IN {tuple(name for (name,) in rows)}"


def its(kind):
    """The attack's own orders, as a condition."""
    return f"order_id IN (SELECT order_id FROM truth_orders WHERE attack = '{kind}')"


@pytest.mark.parametrize("kind", ATTACKS)
def test_before_its_date_and_where_it_does_not_touch_nothing_is_otherwise(kind):
    with_it, without = both(kind)
    spared = f"NOT {touched(with_it, kind)}" if ATTACKS[kind].takes_over else "true"
    lives = f"""SELECT merchant_id, event_type, epoch_us(event_time), stars, reason, outcome FROM events
                WHERE event_time < {BEGIN} AND known_at IS NULL AND {spared} ORDER BY ALL"""
    assert with_it.ask(lives) == without.ask(lives)
    assert with_it.number(f"SELECT count(*) FROM truth_attacks WHERE attack = '{kind}'") > 0


@pytest.mark.parametrize("kind", ATTACKS)
def test_the_truth_counts_what_it_made_or_changed(kind):
    market = attacked(kind)
    if kind in ("demand_shock", "policy_change", "sleeper", "identity_hop"):
        assert market.number("SELECT sum(n_orders + n_reports) FROM truth_attacks") == 0
        return
    assert market.number("SELECT sum(n_orders + n_reports) FROM truth_attacks") == market.number(
        f"""SELECT (SELECT count(*) FROM truth_orders WHERE attack = '{kind}')
                 + (SELECT count(*) FROM truth_reports WHERE attack = '{kind}')"""
    )
    assert market.number("SELECT sum(n_orders + n_reports) FROM truth_attacks") > 10


def test_a_bad_faith_ring_is_few_who_report_many_and_is_never_right():
    with_it, without = both("bad_faith_ring")
    assert with_it.count("fake_report_filed", DURING) > 3 * without.count("fake_report_filed", DURING)
    ring = """fake_report_filed' AND report_id IN (SELECT report_id FROM truth_reports
              WHERE attack = 'bad_faith_ring' AND NOT good_faith) AND 'x' = 'x"""
    reporters, merchants = with_it.ask(
        f"SELECT count(DISTINCT reporter_id), count(DISTINCT merchant_id) FROM told WHERE event_type = '{ring}'"
    )[0]
    assert reporters <= 7 < merchants
    assert with_it.number("SELECT count(*) FROM truth_reports WHERE attack IS NOT NULL AND fake") == 0


def test_a_brushing_ring_praises_through_shared_buyers_who_are_seen_together():
    with_it, without = both("brushing_ring")
    hit = f"{touched(with_it, 'brushing_ring')} AND {PLACED}"
    low = [market.share("stars = 5", "review_posted", hit) for market in (without, with_it)]
    assert low[1] > low[0] + 0.15
    buyers = with_it.number(f"SELECT count(DISTINCT buyer_id) FROM told WHERE {its('brushing_ring')}")
    assert buyers <= 40
    shared = """SELECT max(n) FROM (SELECT count(DISTINCT merchant_id) AS n FROM events
                WHERE event_type = 'link_observed' GROUP BY link_token)"""
    assert with_it.number(shared) >= 5 > without.number(shared)


def test_a_hugger_stays_just_under_the_limits():
    with_it, without = both("threshold_hugger")
    hit = f"{touched(with_it, 'threshold_hugger')} AND {PLACED}"
    late = [market.share("event_time > ship_by", "order_shipped", hit) for market in (without, with_it)]
    assert late[0] > 1.5 * HUGGED["late"]
    assert 0.3 * HUGGED["late"] < late[1] <= 1.2 * HUGGED["late"]
    own = [market.count("order_cancelled", f"actor = 'merchant' AND {hit}") for market in (without, with_it)]
    assert own[1] < 0.6 * own[0]


def test_a_sleeper_is_small_and_spotless_until_the_date():
    with_it, _ = both("sleeper")
    hit = touched(with_it, "sleeper")
    before = with_it.count("order_placed", f"{hit} AND event_time < {BEGIN}") / 100
    after = with_it.count("order_placed", f"{hit} AND event_time >= {BEGIN}") / 60
    assert after > 4 * before
    sent = f"order_id IN (SELECT order_id FROM events WHERE event_type = 'order_shipped') AND {hit}"
    placed = [with_it.count("order_placed", f"{hit} AND {when}")
              for when in (f"event_time < {BEGIN}", "event_time >= '2025-05-01'")]  # fmt: skip
    kept = [with_it.count("order_placed", f"{sent} AND {when}")
            for when in (f"event_time < {BEGIN}", "event_time >= '2025-05-01'")]  # fmt: skip
    assert kept[0] > 0.9 * placed[0]
    assert kept[1] < 0.1 * placed[1]


def test_hoppers_come_one_after_another_and_share_what_they_cannot_leave_behind():
    with_it, without = both("identity_hop")
    rows = with_it.ask(f"SELECT epoch_us(registered_at) FROM truth WHERE {touched(with_it, 'identity_hop')} ORDER BY 1")
    assert len(rows) == 24
    assert len({moment for (moment,) in rows}) == 8
    shared = """SELECT max(n) FROM (SELECT count(DISTINCT merchant_id) AS n FROM events
                WHERE event_type = 'link_observed' GROUP BY link_token)"""
    assert with_it.number(shared) >= 5 > without.number(shared)


def test_refund_abusers_send_back_boxes_without_goods_and_are_paid_at_once():
    with_it, without = both("refund_abusers")
    bad = "outcome IN ('empty', 'swapped', 'missing')"
    assert with_it.share(bad, "return_inspected", DURING) > 3 * without.share(bad, "return_inspected", DURING)
    lost = [market.count("refund_paid", f"finally_liable = 'buyer' AND speed = 'instant' AND {DURING}")
            for market in (without, with_it)]  # fmt: skip
    assert lost[1] > 3 * lost[0]


def test_one_buyer_claims_everywhere_that_nothing_came():
    with_it, _ = both("one_buyer_many_merchants")
    mine = its("one_buyer_many_merchants")
    assert with_it.number(f"""SELECT min(n) FROM (SELECT count(DISTINCT merchant_id) AS n FROM told
        WHERE event_type = 'order_placed' AND {mine} GROUP BY buyer_id)""") > 20  # fmt: skip
    assert with_it.number(f"SELECT count(DISTINCT buyer_id) FROM told WHERE {mine}") == 3
    came = "order_id IN (SELECT order_id FROM events WHERE event_type = 'order_delivered')"
    claims = f"reason = 'not_received' AND {mine} AND {came}"
    assert with_it.count("dispute_opened", claims) > 50
    assert with_it.share("outcome = 'buyer_at_fault'", "dispute_resolved", claims) > 0.7


def test_colluders_take_the_platforms_money_unless_it_refunds_nothing_at_once():
    with_it, _ = both("collusion")
    mine = its("collusion")
    paid = f"""SELECT coalesce(sum(amount_cents), 0) FROM told WHERE event_type = 'refund_paid'
               AND advanced_by = 'platform' AND {mine}"""
    back = f"""SELECT coalesce(sum(amount_cents), 0) FROM events WHERE event_type = 'advance_recovered'
               AND recovered_from = 'merchant'
               AND refund_id IN (SELECT refund_id FROM events WHERE event_type = 'refund_paid' AND {mine})"""
    assert with_it.number(paid) > 1_000_000
    assert with_it.number(back) == 0
    assert with_it.share("outcome = 'missing'", "return_inspected", mine) == 1
    attack = Attack(kind="collusion", strength=1.0, day=100, days=80)
    slow = Market(a_scenario(merchants=150, days=260, attacks=(attack,), acts=Acts(fast_refund=False)))
    assert slow.number(paid) < 0.1 * with_it.number(paid)


def test_freight_farmers_send_everything_back_for_the_freight():
    with_it, without = both("freight_farming")
    mine = its("freight_farming")
    returned = f"order_id IN (SELECT order_id FROM events WHERE event_type = 'return_requested') AND {mine}"
    delivered = with_it.count("order_delivered", mine)
    assert with_it.count("order_delivered", returned) > 0.85 * delivered > 20
    freights = f"service = 'freight' AND {DURING}"
    freight = [market.count("service_requested", freights) / market.count("return_requested", DURING)
               for market in (without, with_it)]  # fmt: skip
    assert freight[1] > 2 * freight[0]
    assert with_it.share("outcome IN ('intact', 'used', 'missing')", "return_inspected", mine) == 1


def test_fake_dispatch_looks_in_time_and_is_untracked():
    with_it, without = both("fake_dispatch")
    hit = f"{touched(with_it, 'fake_dispatch')} AND {PLACED}"
    late = [market.share("event_time > ship_by", "order_shipped", hit) for market in (without, with_it)]
    assert late[1] < 0.2 * late[0]
    tracked = [market.share("tracked", "order_shipped", hit) for market in (without, with_it)]
    assert tracked[1] < tracked[0] - 0.5 * late[0]
    came = [market.share("event_time > deliver_by", "order_delivered", hit) for market in (without, with_it)]
    assert came[1] == pytest.approx(came[0], abs=0.02)


def test_forced_cancels_become_the_buyers_own():
    with_it, without = both("forced_cancels")
    hit = f"{touched(with_it, 'forced_cancels')} AND {PLACED}"
    own = [market.count("order_cancelled", f"actor = 'merchant' AND {hit}") for market in (without, with_it)]
    buyers = [market.count("order_cancelled", f"actor = 'buyer' AND {hit}") for market in (without, with_it)]
    assert own[1] < 0.1 * own[0]
    assert buyers[1] > 2 * buyers[0]
    assert with_it.count("complaint_received", "topic = 'asked_to_cancel'") > 10
    at_fault = "SELECT DISTINCT at_fault FROM truth_orders WHERE what = 'forced_cancel'"
    assert with_it.ask(at_fault) == [("merchant",)]


def test_professional_claimants_are_a_dozen_who_report_and_complain():
    with_it, without = both("professional_claimants")
    mine = its("professional_claimants")
    assert with_it.number(f"SELECT count(DISTINCT buyer_id) FROM told WHERE {mine}") <= 12
    filed = with_it.count("fake_report_filed", mine)
    assert filed > 0.5 * with_it.count("order_delivered", mine)
    loud = [market.count("complaint_received", f"channel = '12315' AND tier = 3 AND {DURING}")
            for market in (without, with_it)]  # fmt: skip
    assert loud[1] > 3 * loud[0] + 3


def test_splitters_are_refunded_in_pieces_below_the_limit_and_never_more_than_they_paid():
    with_it, without = both("threshold_splitting")
    pieces = """SELECT max(r.amount_cents) AS most, sum(r.amount_cents) AS paid, any_value(o.amount_cents) AS worth
                FROM events r JOIN events o USING (order_id) WHERE r.event_type = 'refund_paid' AND
                o.event_type = 'order_placed' AND r.speed = 'instant' GROUP BY order_id
                HAVING count(*) > 1"""
    assert with_it.number(f"SELECT count(*) FROM ({pieces})") > 10
    assert with_it.number(f"SELECT max(most) FROM ({pieces})") <= PIECE_CENTS < 20_000
    assert with_it.number(f"SELECT max(paid - worth) FROM ({pieces})") <= 0
    assert without.number(f"SELECT count(*) FROM ({pieces})") == 0
    hour = """SELECT max(n) FROM (SELECT count(*) AS n FROM events WHERE event_type = 'order_placed'
              GROUP BY merchant_id, buyer_id, date_trunc('day', event_time))"""
    assert with_it.number(hour) >= 4


def test_a_carrier_strike_delays_what_was_sent_in_time_and_is_nobodys_fault():
    with_it, without = both("carrier_strike")
    came = [market.share("event_time > deliver_by", "order_delivered", PLACED) for market in (without, with_it)]
    sent = [market.share("event_time > ship_by", "order_shipped", PLACED) for market in (without, with_it)]
    assert came[1] > came[0] + 0.4
    assert sent[1] == pytest.approx(sent[0], abs=0.003)
    assert with_it.ask("SELECT DISTINCT at_fault FROM truth_orders WHERE what = 'strike'") == [("nobody",)]
    assert with_it.share("outcome = 'nobody_at_fault'", "dispute_resolved", its("carrier_strike")) > 0.5


def test_a_change_of_policy_shortens_promises_for_good_and_eases_returns():
    with_it, without = both("policy_change")
    since = f"event_time >= {BEGIN}"
    promised = [market.share("ship_by - event_time > INTERVAL 36 HOUR", "order_placed", since)
                for market in (without, with_it)]  # fmt: skip
    assert promised[1] < 0.25 * promised[0]
    late = [market.share("event_time > ship_by", "order_shipped", f"placed_at >= {BEGIN}")
            for market in (without, with_it)]  # fmt: skip
    assert late[1] > 1.5 * late[0]
    back = [market.count("return_requested", f"placed_at >= {BEGIN}") for market in (without, with_it)]
    assert back[1] > 1.4 * back[0]


def test_a_demand_shock_multiplies_orders_and_strains_dispatch():
    with_it, without = both("demand_shock")
    orders = [market.count("order_placed", DURING) for market in (without, with_it)]
    assert orders[1] > 3 * orders[0]
    late = [market.share("event_time > ship_by", "order_shipped", PLACED) for market in (without, with_it)]
    assert late[1] > 1.5 * late[0]


def test_a_silent_feed_tells_nothing_of_what_came_all_the_same():
    with_it, without = both("feed_outage")
    for event_type in ("order_shipped", "order_delivered"):
        assert with_it.count(event_type, DURING) == 0
        assert without.count(event_type, DURING) > 500
        assert with_it.count(event_type, f"event_time < {BEGIN}") == without.count(event_type, f"event_time < {BEGIN}")
    for event_type in ("order_placed", "review_posted"):
        assert with_it.count(event_type, DURING) == without.count(event_type, DURING)
    well = f"SELECT count(*) FROM truth_orders WHERE at_fault IS NULL AND {its('feed_outage')}"
    assert with_it.number(well) > 200
