"""How well complaints are sorted: texts that the simulator writes, and real reviews of Olist with proxy labels.

`write OUT` writes a table of complaints on every topic in three languages, to learn from; `read TEXTS` learns from one
and is tested on complaints of another seed, on a marketplace's own where a `--market` is given, and on Olist's reviews
in Portuguese where GOODFAITH_OLIST names their folder. See docs/benchmarks.md.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from features.simulator.dice import keys_of
from features.simulator.texts import Asked, Writer, topics_of
from scoring.text import TextModel
from training.evaluate import Figure
from training.text_fit import fit_texts
from training.text_recipe import TextRecipe
from training.text_train import bundle_of_texts, judge
from training.texts import complaint_policy, read_texts, texts_of

app = typer.Typer()

LANGUAGES = ("zh", "en", "pt")
_RECIPE = Path("training/recipes/complaints.toml")
_GOODS = ("bags", "shoes", "toys", "electronics", "beauty", "food")
_BRANDS = ("Lumielle", "Norvik", "Acme")

#: Of Olist's reviews: one or two stars, and words. `not_received` = not delivered when the review was asked for, after
#: the promised day; `late` = delivered by then, after the promised day; `quality` = delivered in time, which is a
#: guess: many of these tell of a part that is missing, or of a part of the order that did not come.
_OLIST = """
SELECT trim(coalesce(r.review_comment_title, '') || ' ' || r.review_comment_message) AS text,
       CASE WHEN (o.order_delivered_customer_date IS NULL
                  OR o.order_delivered_customer_date::DATE > r.review_creation_date::DATE)
                 AND r.review_creation_date::DATE > o.order_estimated_delivery_date::DATE THEN 'not_received'
            WHEN o.order_delivered_customer_date::DATE > r.review_creation_date::DATE THEN NULL
            WHEN o.order_delivered_customer_date::DATE > o.order_estimated_delivery_date::DATE THEN 'late'
            WHEN o.order_delivered_customer_date IS NOT NULL THEN 'quality' END AS topic,
       'pt' AS language
FROM reviews r JOIN orders o USING (order_id)
WHERE r.review_score <= 2 AND length(trim(r.review_comment_message)) >= 10
"""


@app.command()
def write(out: Path, seed: int = 1, each: int = 150) -> None:
    """Write a table with so many complaints on each topic in each language."""
    pq.write_table(complaints(seed, each), out)


@app.command()
def read(
    texts: Path,
    market: Annotated[Path | None, typer.Option(exists=True)] = None,
    seed: int = 2,
    each: int = 60,
) -> None:
    """Learn from a table, and tell how well other texts are sorted."""
    recipe, policy = TextRecipe.parse(_RECIPE.read_text("utf-8")), complaint_policy()
    learned = read_texts(texts, recipe, policy)
    model = TextModel(bundle_of_texts(fit_texts(learned, recipe), learned, recipe))
    typer.echo(f"learned from {len(learned):,} texts, {len(model.weights.terms):,} terms")
    folder = Path(os.environ.get("GOODFAITH_OLIST", "."))
    sets = {f"simulated, seed {seed}": complaints(seed, each)}
    sets |= {"a marketplace's own": pq.read_table(market)} if market else {}
    sets |= {"Olist, proxy labels": olist(folder)} if os.environ.get("GOODFAITH_OLIST") else {}
    for name, table in sets.items():
        tested = texts_of(table, recipe, policy)
        seen = set(learned.text)
        new = np.array([one not in seen for one in tested.text], dtype=np.bool_)
        typer.echo(f"\n## {name}: {int(new.sum()):,} texts that were not learned from, of {len(tested):,}")
        for where, figures in judge(model, tested.where(new), policy, recipe).items():
            typer.echo(_line(where, figures))


def complaints(seed: int, each: int) -> pa.Table:
    """Complaints on every topic in three languages: columns kind, language, topic, text."""
    return pa.concat_tables([_written(seed, each, language) for language in LANGUAGES])


def _written(seed: int, each: int, language: str) -> pa.Table:
    topics = np.repeat(np.array(topics_of("complaint"), dtype=object), each)
    n = len(topics)
    key = keys_of(pa.array([f"complaint-{seed}-{language}-{number}" for number in range(n)]))
    goods, brands = (np.array(words, dtype=object)[np.arange(n) % len(words)] for words in (_GOODS, _BRANDS))
    asked = Asked(key=key, topic=topics, category=goods, brand=brands, ring=np.zeros(n, np.uint64))
    text = Writer(language).write("complaint", asked).text
    return pa.table({"kind": ["complaint"] * n, "language": [language] * n, "topic": list(topics), "text": text})


def olist(folder: Path) -> pa.Table:
    """Bad reviews of Olist in Portuguese with proxy labels: columns language, topic, text."""
    names = {"reviews": "olist_order_reviews_dataset", "orders": "olist_orders_dataset"}
    with duckdb.connect() as base:
        for view, name in names.items():
            base.execute(f"CREATE VIEW {view} AS SELECT * FROM '{folder / name}.parquet'")
        return base.sql(f"SELECT * FROM ({_OLIST}) WHERE topic IS NOT NULL ORDER BY text, topic").arrow().read_all()


def _line(where: str, figures: Mapping[str, Figure]) -> str:
    told = [f"{name} {figure}" for name, figure in figures.items() if np.isfinite(figure.value)]
    return f"{where}: " + "; ".join(told)


if __name__ == "__main__":
    app()
