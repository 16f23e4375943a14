"""Tiles in the store: what is added to them is added once, however much of it there is."""

import numpy as np

from features.database import reading, writing
from features.tile_rows import Entries, read_tiles, write_tiles

NAMES = ("shop", "stall", "store")


def a_change(days):
    """One for each merchant on each of so many days, of the first measure."""
    clock = np.tile(np.arange(days), len(NAMES))
    return Entries(
        merchant=np.repeat(np.arange(len(NAMES)), days), clock=clock, known=clock,
        measure=np.zeros_like(clock), amount=np.ones_like(clock),
    )  # fmt: skip


def test_a_change_of_many_places_is_added_to_each_of_them_once(any_engine):
    for _ in range(3):
        with writing(any_engine) as tx:
            write_tiles(tx, NAMES, a_change(days=150))
    with reading(any_engine) as tx:
        held = read_tiles(tx, {name: number for number, name in enumerate(NAMES)})
    assert held.amount.tolist() == [3] * 450
