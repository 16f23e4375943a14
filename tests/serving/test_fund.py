"""The platform's fund: what is promised and paid at once weighs on it, by the day, until it is free again."""

from datetime import timedelta

from sqlalchemy import func, select

from features.database import micros, reading
from serving.reservations import held_for
from serving.tables import reservations
from tests.serving.shop import PRICE, a_payment, a_refund, a_shop, judged, refund, tell
from tests.serving.world import NOON, a_service


def held(engine, now=NOON):
    with reading(engine) as tx:
        return held_for(tx, order=("m1", "o0"), buyer_id="b0", now=now)


def weight(engine, *, now=NOON):
    """What weighs on the fund, by its sums and by the reservations themselves."""
    with reading(engine) as tx:
        still = (reservations.c.state == "paid") | (reservations.c.expires_at > micros(now))
        counted = select(func.coalesce(func.sum(reservations.c.cents), 0)).where(
            still, reservations.c.fund.is_not(None)
        )
        return held(engine, now).fund_cents, tx.execute(counted).scalar_one()


def test_the_funds_sums_are_those_of_its_reservations(any_engine):
    a_shop(any_engine, orders=4)
    service = a_service(any_engine)
    paid, more, _ = (refund(service, a_refund(f"o{n}", buyer=f"b{n}", cents=1000)) for n in range(3))
    assert weight(any_engine) == (3000, 3000)
    a_payment(any_engine, paid, 400)
    a_payment(any_engine, more, 1000, refund="r2")
    a_payment(any_engine, paid, 300, refund="r3")
    assert weight(any_engine) == (2700, 2700)
    assert weight(any_engine, now=NOON + timedelta(hours=25)) == (1700, 1700)


def test_the_fund_counts_thirty_days_and_the_day_its_own(engine):
    a_shop(engine)
    told = refund(a_service(engine))
    a_payment(engine, told, PRICE)
    tonight, morning, last, over = (held(engine, now=NOON + timedelta(hours=hours)) for hours in (11, 12, 707, 708))
    assert [(one.day_cents, one.fund_cents) for one in (tonight, morning, last, over)] == [
        (PRICE, PRICE), (0, PRICE), (0, PRICE), (0, 0),
    ]  # fmt: skip


def test_a_merchant_that_pays_by_its_own_word_leaves_the_fund_alone(engine):
    a_shop(engine, orders=0)
    word = {"order_id": "o0", "amount_cents": PRICE, "buyer_id": "b0", "programmes": ["advance_compensation"]}
    tell(engine, "order_placed", **word)
    judged(engine)
    told = refund(a_service(engine), a_refund(reason="no_reason"))
    assert (told["outcome"], told["advanced_by"]) == ("instant", "merchant")
    assert (held(engine).merchant_cents, held(engine).fund_cents) == (PRICE, 0)
