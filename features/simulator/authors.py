"""Who writes what about which event: the titles of listings, and the texts of reviews, complaints and answers.

All of it is read off a finished event table and the truth about its merchants, so that nothing else in the simulator
knows about texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.simulator.dice import Keys, chance, draw, keys_of, pick
from features.simulator.texts import Asked, Writer, topics_of

__all__ = ["LANGUAGES", "TEXTS", "Cast", "Told", "write_texts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]

#: What is written of each text; the columns are explained in docs/howto/simulate.md.
TEXTS = pa.schema([(name, pa.string()) for name in ("event_id", "kind", "language", "topic", "noise", "text")])

#: In which shares people write which language, and how much likelier merchants of a region do.
LANGUAGES = MappingProxyType({"zh": 0.6, "en": 0.25, "pt": 0.15})
_AT_HOME: Mapping[str, Mapping[str, float]] = MappingProxyType({"west": {"en": 3.0}, "south": {"pt": 4.0}})

#: The share of texts that buyers write in the merchant's language rather than in any.
_SAME_LANGUAGE = 0.85

#: What is wrong where the events do not say, what merchants answer and what they call their goods, by archetype: the
#: longest name that an archetype begins with counts, "" for all others. Own proposals: nobody publishes such shares.
_TROUBLES = MappingProxyType({
    "": {"quality": 0.42, "not_as_described": 0.20, "service": 0.12, "damaged": 0.09, "wrong_item": 0.07,
         "missing_parts": 0.05, "refund": 0.05},
    "fake": {"counterfeit": 0.45, "quality": 0.30, "not_as_described": 0.15, "service": 0.10},
    "false_advertiser": {"not_as_described": 0.75, "quality": 0.15, "service": 0.10},
    "refuser": {"refund": 0.60, "quality": 0.20, "service": 0.20},
    "bust_out": {"not_received": 0.50, "service": 0.30, "refund": 0.20},
})  # fmt: skip
_ANSWERS = MappingProxyType({
    "": {"helpful": 0.64, "canned": 0.20, "excuse": 0.08, "refusal": 0.04, "review_bought": 0.02, "rude": 0.02},
    "sloppy": {"helpful": 0.25, "canned": 0.25, "excuse": 0.22, "refusal": 0.13, "rude": 0.15},
    "fake": {"helpful": 0.35, "canned": 0.20, "refusal": 0.15, "off_platform": 0.22, "review_bought": 0.08},
    "refuser": {"helpful": 0.15, "canned": 0.20, "refusal": 0.55, "rude": 0.10},
    "bust_out": {"helpful": 0.40, "canned": 0.25, "excuse": 0.30, "off_platform": 0.05},
    "brusher": {"helpful": 0.35, "canned": 0.20, "review_bought": 0.40, "excuse": 0.05},
})  # fmt: skip
_TITLES = MappingProxyType({
    "": {"honest": 0.94, "superlative": 0.035, "bait": 0.02, "official": 0.005},
    "sloppy": {"honest": 0.80, "superlative": 0.12, "bait": 0.08},
    "fake": {"honest": 0.45, "official": 0.27, "lookalike": 0.18, "bait": 0.10},
    "false_advertiser": {"honest": 0.25, "superlative": 0.35, "medical": 0.20, "bait": 0.20},
})  # fmt: skip

#: What buyers give as a reason, and what they write about it; what is not here is its own topic.
_MEANS = {"return_refused": "refund", "unsafe": "quality", "expired": "quality"}
_SAY_NOTHING = ("no_reason", "other", "unauthorised", "change_of_mind")

#: What adverts are found to claim, as topics of their titles.
_CLAIMS = {"absolute_claim": {"superlative": 1.0}, "false_promise": {"medical": 0.4, "bait": 0.3, "official": 0.3}}

(_HOME, _OTHER, _WHICH, _TROUBLE, _FITS, _TOPIC) = range(100, 106)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who takes part: the seed, and the truth (merchant_id, archetype, region).

    `causes` holds, by topic of reviews, the ids of the orders of which that is true, where the events do not say it;
    `brushed` the ids of orders whose reviews a ring copies; `languages` in which shares people write which.
    """

    seed: int
    truth: pa.Table
    causes: Mapping[str, pa.Array] = field(default_factory=dict)
    brushed: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    languages: Mapping[str, float] = field(default_factory=lambda: LANGUAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The events, listings with titles, and the texts (`TEXTS`) beside."""

    events: pa.Table
    texts: pa.Table


def write_texts(events: pa.Table, cast: Cast, *, bodies: bool = True) -> Told:
    """Give listings their titles; with `bodies`, write every text, too. Rows of events keep their order."""
    stage = _Stage(events, cast)
    listed = pc.equal(events["event_type"], "listing_changed")
    titles = _titles(stage)
    if len(titles):
        place = events.schema.get_field_index("title")
        filled = pc.replace_with_mask(
            events["title"].combine_chunks(), listed.combine_chunks(), titles["text"].combine_chunks()
        )
        events = events.set_column(place, events.schema.field(place), filled)
    written = [titles, _reviews(stage), _complaints(stage), _answers(stage)] if bodies else []
    return Told(events=events, texts=pa.concat_tables(written) if written else TEXTS.empty_table())


class _Stage:
    """An event table to look things up in."""

    def __init__(self, events: pa.Table, cast: Cast) -> None:
        self.cast = cast
        self._events = events
        self._merchants = _Index(keys_of(cast.truth["merchant_id"]))
        self._archetypes = _texts(cast.truth["archetype"])
        self._languages = self._spoken()
        self._kinds = pc.dictionary_encode(events["event_type"].combine_chunks())

    def rows(self, event_type: str, *columns: str) -> pa.Table:
        """Columns of the events of a type."""
        code = pc.index(self._kinds.dictionary, event_type).as_py()
        wanted = np.flatnonzero(self._kinds.indices.to_numpy() == code)
        told = self._events.select(["event_id", *columns])
        # Simulated events stand type by type, where nothing need be copied.
        if len(wanted) and wanted[-1] - wanted[0] + 1 == len(wanted):
            return told.slice(wanted[0], len(wanted))
        return told.take(pa.array(wanted))

    @cached_property
    def orders(self) -> tuple["_Index", pa.Table]:
        """The orders placed, and where each is."""
        placed = self.rows("order_placed", "order_id", "category", "brand")
        return _Index(keys_of(placed["order_id"])), placed

    def key(self, ids: pa.ChunkedArray) -> Keys:
        """Keys of ids under the seed."""
        return draw(keys_of(ids), self.cast.seed)

    def archetype(self, merchants: pa.ChunkedArray) -> Words:
        """Each one's archetype, empty if nothing is known of it."""
        place = self._merchants.at(keys_of(merchants))
        return (
            np.where(place < 0, "", self._archetypes[np.maximum(place, 0)])
            if len(self._archetypes)
            else place.astype(str)
        )

    def language(self, merchants: pa.ChunkedArray) -> Words:
        """Each one's language."""
        return self._languages[self._merchants.at(keys_of(merchants))]

    def _spoken(self) -> Words:
        """The language of every merchant, more often one's region's."""
        weights = np.array(list(self.cast.languages.values()), dtype=np.float64)
        drawn, regions = self.key(self.cast.truth["merchant_id"]), _texts(self.cast.truth["region"])
        spoken = np.array(list(self.cast.languages), dtype=object)
        chosen = np.full(len(drawn), spoken[0] if len(spoken) else "", dtype=object)
        for region in dict.fromkeys(regions):
            here = np.flatnonzero(regions == region)
            tilt = np.array([_AT_HOME.get(region, {}).get(one, 1.0) for one in spoken])
            chosen[here] = spoken[pick(draw(drawn[here], _HOME), weights * tilt)]
        return chosen

    def buyers_language(self, merchants: pa.ChunkedArray, key: Keys) -> Words:
        """The language that a buyer writes to each."""
        weights = np.array(list(self.cast.languages.values()), dtype=np.float64)
        other = np.array(list(self.cast.languages), dtype=object)[pick(draw(key, _WHICH), weights)]
        return np.where(chance(draw(key, _OTHER), _SAME_LANGUAGE), self.language(merchants), other)


class _Index:
    """Where keys (n,) are found; of several that are the same, the first."""

    def __init__(self, keys: Keys) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def at(self, wanted: Keys) -> Ints:
        """The place of each key, or -1."""
        if not len(self._keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self._order[place], -1)

    def has(self, wanted: Keys) -> npt.NDArray[np.bool_]:
        """Whether each key is among them."""
        return np.asarray(self.at(wanted) >= 0)


def _texts(column: pa.ChunkedArray) -> Words:
    return np.asarray(
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy(), object
    )


def _filled(texts: Words) -> npt.NDArray[np.bool_]:
    """Whether there is a text, for each."""
    return np.array([one is not None for one in texts], dtype=np.bool_)


def _at(column: pa.ChunkedArray, place: Ints) -> Words:
    """The texts at some places, None where the place is -1."""
    return _texts(column.take(pa.array(np.where(place < 0, 0, place), mask=place < 0)))


def _drawn(shares: Mapping[str, Mapping[str, float]], archetypes: Words, drawn: Keys) -> Words:
    """A topic for each row, in the shares of its archetype."""
    chosen = np.full(len(drawn), "", dtype=object)
    for archetype in dict.fromkeys(archetypes):
        rows = np.flatnonzero(archetypes == archetype)
        own = shares[max((one for one in shares if archetype.startswith(one)), key=len)]
        chosen[rows] = np.array(list(own), dtype=object)[pick(drawn[rows], np.array(list(own.values())))]
    return chosen


def _written(kind: str, event_ids: pa.ChunkedArray, language: Words, asked: Asked) -> pa.Table:
    """The texts of a kind, each in its language."""
    rows = [np.flatnonzero(language == one) for one in dict.fromkeys(language)]
    parts = [Writer(language[row[0]]).write(kind, asked.part(row)) for row in rows]
    if not parts:
        return TEXTS.empty_table()
    back = np.argsort(np.concatenate(rows), kind="stable")
    noise = np.concatenate([one.noise for one in parts])[back]
    text = pa.concat_arrays([one.text for one in parts]).take(pa.array(back))
    columns = (np.full(len(back), kind, dtype=object), language, asked.topic, noise)
    return pa.table([event_ids, *(pa.array(one, pa.string()) for one in columns), text], schema=TEXTS)


def _titles(stage: _Stage) -> pa.Table:
    """The title of every listing, the same whenever it changes; what adverts are found to claim stands in them."""
    listings = stage.rows("listing_changed", "merchant_id", "listing_id", "category", "brand")
    checks = stage.rows("advert_checked", "listing_id", "outcome")
    checks = checks.filter(pc.is_in(checks["outcome"], value_set=pa.array(list(_CLAIMS))))
    key = stage.key(listings["listing_id"])
    found = _at(checks["outcome"], _Index(keys_of(checks["listing_id"])).at(keys_of(listings["listing_id"])))
    topic = _drawn(_TITLES, stage.archetype(listings["merchant_id"]), draw(key, _TOPIC))
    claimed = _filled(found)
    topic[claimed] = _drawn(_CLAIMS, found[claimed], draw(key, _TROUBLE)[claimed])
    # What bears no brand looks like none.
    topic = np.where(~_filled(_texts(listings["brand"])) & (topic == "lookalike"), "official", topic)
    asked = Asked(key=key, topic=topic, category=_texts(listings["category"]), brand=_texts(listings["brand"]),
                  ring=np.zeros(len(key), np.uint64))  # fmt: skip
    return _written("title", listings["event_id"], stage.language(listings["merchant_id"]), asked)


def _about(stage: _Stage, orders: pa.ChunkedArray) -> tuple[Words, Words]:
    """The category and the brand of the goods of some orders."""
    index, placed = stage.orders
    place = index.at(keys_of(orders))
    return _at(placed["category"], place), _at(placed["brand"], place)


def _reviews(stage: _Stage) -> pa.Table:
    """What buyers say with their stars; what a ring pays for is copied."""
    rows = stage.rows("review_posted", "merchant_id", "order_id", "stars", "event_time")
    key, stars = stage.key(rows["event_id"]), rows["stars"].to_numpy()
    topic = _by_stars(_trouble(stage, rows, key), stars, draw(key, _FITS))
    brushed = _Index(keys_of(stage.cast.brushed)).has(keys_of(rows["order_id"]))
    ring = np.where(brushed, draw(stage.key(rows["merchant_id"]), _TOPIC) | np.uint64(1), np.uint64(0))
    category, brand = _about(stage, rows["order_id"])
    asked = Asked(key=key, topic=np.where(brushed, "praise", topic), category=category, brand=brand, ring=ring)
    return _written(
        "review", rows["event_id"], stage.buyers_language(rows["merchant_id"], np.where(brushed, ring, key)), asked
    )


def _by_stars(trouble: Words, stars: Ints, drawn: Keys) -> Words:
    """What is written with how many stars: nearly always what fits, sometimes the opposite."""
    happy = np.array(["praise", "mixed", "trouble"], dtype=object)
    low = happy[pick(drawn, np.array([0.02, 0.05, 0.93]))]
    middle = happy[pick(drawn, np.array([0.15, 0.45, 0.40]))]
    high = happy[pick(drawn, np.array([0.91, 0.08, 0.01]))]
    said = np.select([stars <= 2, stars == 3], [low, middle], high)
    return np.where(said == "trouble", trouble, said)


def _trouble(stage: _Stage, rows: pa.Table, key: Keys) -> Words:
    """What there is to complain of about the order of each review, as far as events and truth say; else by lot."""
    order, time = keys_of(rows["order_id"]), rows["event_time"].cast(pa.int64()).to_numpy()
    said = _drawn(_TROUBLES, stage.archetype(rows["merchant_id"]), draw(key, _TROUBLE))
    delivered = stage.rows("order_delivered", "order_id", "event_time", "deliver_by")
    place = _Index(keys_of(delivered["order_id"])).at(order)
    came = delivered["event_time"].cast(pa.int64()).to_numpy()
    late = pc.fill_null(pc.greater(delivered["event_time"], delivered["deliver_by"]), False).to_numpy()
    if len(came):
        said = np.where((place >= 0) & late[place], "late", said)
    missing = (place < 0) | (came[place] > time) if len(came) else np.ones(len(said), dtype=np.bool_)
    said = np.where(missing, "not_received", said)
    for event_type in ("return_requested", "dispute_opened"):
        claims = stage.rows(event_type, "order_id", "reason")
        reason = _at(claims["reason"], _Index(keys_of(claims["order_id"])).at(order))
        given = _filled(reason) & ~np.isin(reason.astype(str), _SAY_NOTHING)
        said = np.where(given, _meant(reason, "review"), said)
    for topic, orders in stage.cast.causes.items():
        said = np.where(_Index(keys_of(orders)).has(order), topic, said)
    return np.asarray(said)


def _meant(reasons: Words, kind: str) -> Words:
    """The topics of a kind that reasons mean; `other` or poor quality if none does."""
    known, instead = set(topics_of(kind)), "other" if kind == "complaint" else "quality"
    words = {one: one if one in known else _MEANS.get(one, instead) for one in dict.fromkeys(reasons)}
    return np.array([words[one] for one in reasons], dtype=object)


def _complaints(stage: _Stage) -> pa.Table:
    """What buyers write to the platform, about the topic that the complaint has."""
    rows = stage.rows("complaint_received", "merchant_id", "order_id", "topic")
    key = stage.key(rows["event_id"])
    category, brand = _about(stage, rows["order_id"])
    asked = Asked(key=key, topic=_meant(_texts(rows["topic"]), "complaint"), category=category, brand=brand,
                  ring=np.zeros(len(key), np.uint64))  # fmt: skip
    return _written("complaint", rows["event_id"], stage.buyers_language(rows["merchant_id"], key), asked)


def _answers(stage: _Stage) -> pa.Table:
    """What merchants answer, as they are."""
    rows = stage.rows("message_answered", "merchant_id")
    key = stage.key(rows["event_id"])
    none = np.full(len(key), None, dtype=object)
    topic = _drawn(_ANSWERS, stage.archetype(rows["merchant_id"]), draw(key, _TOPIC))
    asked = Asked(key=key, topic=topic, category=none, brand=none, ring=np.zeros(len(key), np.uint64))
    return _written("message", rows["event_id"], stage.language(rows["merchant_id"]), asked)
