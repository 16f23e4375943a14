"""Chance that hangs on keys alone: a key and a question always draw the same, whatever else is drawn, in any order.

All of it is arithmetic on whole numbers of 64 bits, so that every machine draws the same.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Keys", "chance", "draw", "keys_of", "one_of", "pick", "spread_of"]

Keys = npt.NDArray[np.uint64]

_STEP, _FIRST, _SECOND = (np.uint64(one) for one in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_30, _27, _31, _32, _11 = (np.uint64(one) for one in (30, 27, 31, 32, 11))


def draw(keys: Keys, question: Keys | int) -> Keys:
    """For each key (n,) a number of 64 bits that hangs on the key and the question (Steele's SplitMix64).

    >>> draw(np.array([1234567], np.uint64), 0).tolist(), draw(np.array([1234567], np.uint64), 1).tolist()
    ([6457827717110365317], [3203168211198807973])
    """
    asked = np.asarray(question, dtype=np.uint64).reshape(-1) + np.ones(1, np.uint64)
    mixed = keys + asked * _STEP
    mixed ^= mixed >> _30
    mixed *= _FIRST
    mixed ^= mixed >> _27
    mixed *= _SECOND
    mixed ^= mixed >> _31
    return np.asarray(mixed)


def one_of(drawn: Keys, count: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
    """Whole numbers from 0 to below `count`, each as likely.

    >>> one_of(np.array([0, 2**63, 2**64 - 1], np.uint64), 10).tolist()
    [0, 5, 9]
    """
    return (((drawn >> _32) * np.asarray(count).astype(np.uint64)) >> _32).astype(np.int64)


def chance(drawn: Keys, share: npt.NDArray[np.float64] | float) -> npt.NDArray[np.bool_]:
    """For each drawn number whether what happens with this chance happens."""
    return np.asarray((drawn >> _11).astype(np.float64) * 2.0**-53 < share)


def pick(drawn: Keys, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Places in `weights` (k,), in the shares that they mean.

    >>> pick(np.array([0, 2**62, 2**63], np.uint64), np.array([1.0, 1.0, 2.0])).tolist()
    [0, 1, 2]
    """
    bounds = np.cumsum(weights)
    place = (drawn >> _11).astype(np.float64) * 2.0**-53 * bounds[-1]
    return np.asarray(np.searchsorted(bounds[:-1], place, side="right"))


def keys_of(texts: pa.Array) -> Keys:
    """Keys of texts (ids, say): the same text has the same key, different ones hardly ever; null is as empty."""
    texts = pc.fill_null(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts, "")
    longest = pc.max(pc.binary_length(texts)).as_py() if len(texts) else 0
    width = -(-max(longest, 1) // 8) * 8
    padded = pc.ascii_rpad(texts, width=width, padding="\0")
    start = padded.offset * width
    read = (
        np.frombuffer(padded.buffers()[2], np.uint8, len(texts) * width, start) if len(texts) else np.zeros(0, np.uint8)
    )
    keys = np.zeros(len(texts), np.uint64)
    for place, column in enumerate(read.view("<u8").reshape(len(texts), width // 8).T):
        # Nothing is added for zeros, so that a key does not hang on the longest text beside it.
        keys = np.where(column == 0, keys, draw(keys ^ column, place))
    return keys


def spread_of(count: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows that each become `count` (n,) rows: which one each new row comes of, and its place there.

    >>> [one.tolist() for one in spread_of(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    owner = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return owner, np.arange(len(owner)) - before[owner]
