"""Features of merchants from Feast's online store (SQLite): what was put into it at the last midnight."""

import argparse
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.compute as pc
import pyarrow.parquet as pq
from feast_repository import VIEW, names, repository
from requests_timed import timed


def main() -> None:
    """Run on files: DAILY REQUESTS OUT."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("daily", "requests", "out"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    midnight = pc.max(pq.read_table(asked.daily, columns=["as_of"])["as_of"]).as_py()
    features = [f"{VIEW}:{name}" for name in names(asked.daily)]
    with TemporaryDirectory(prefix="goodfaith-feast-") as folder:
        store = repository(Path(folder), asked.daily, store="file", ttl=timedelta(0))
        store.materialize(midnight - timedelta(days=1), midnight + timedelta(days=1))

        def ask(merchants: Sequence[str]) -> dict[str, list[float | int | None]]:
            rows = [{"merchant_id": one} for one in merchants]
            found = store.get_online_features(features=features, entity_rows=rows).to_dict()
            found.pop("merchant_id")
            return found

        timed(ask, asked.requests, asked.out)


if __name__ == "__main__":
    main()
