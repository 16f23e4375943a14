"""A small recipe and texts for tests of models that read complaints."""

from functools import cache

import numpy as np

from scoring.bundle import Bundle
from training.recipe import recipe_text
from training.text_fit import fit_texts
from training.text_recipe import TextRecipe
from training.text_train import bundle_of_texts
from training.texts import Texts

SENTENCES = {
    ("fake", "zh"): "收到的{}是假货，不是正品",
    ("logistics", "zh"): "{}一直没有收到，物流没有更新",
    ("quality", "en"): "The {} is faulty and broke in two",
    ("refund", "en"): "I sent the {} back and have no refund",
    ("logistics", "pt"): "O pedido da {} não chegou",
    ("quality", "pt"): "A {} veio com defeito",
}
DANGER = ("quality", "en"), "The {} caught fire and burned me"
THINGS = ("bag", "mochila", "耳机", "lamp", "相机", "panela", "chair", "手表", "vaso", "shoe")


def some_texts(copies: int = 2) -> Texts:
    """Texts on four topics in three languages; fires are major cases."""
    rows = [(*key, said.format(thing), False) for key, said in SENTENCES.items() for thing in THINGS]
    rows += [(*DANGER[0], DANGER[1].format(thing), True) for thing in THINGS]
    topic, language, text, major = zip(*(rows * copies), strict=True)
    return Texts(
        text=np.array([f"{one}{' !' * (number % 3)}" for number, one in enumerate(text)], dtype=object),
        topic=np.array(topic, dtype=object),
        major=np.array(major, dtype=np.bool_),
        language=np.array(language, dtype=object),
    )


def a_text_recipe(**changes: str) -> TextRecipe:
    """The shipped recipe with few resamples."""
    text = recipe_text("complaints").replace("resamples = 1000", "resamples = 50")
    for old, new in changes.items():
        assert f"{old} =" in text
        text = text.replace(f"{old} =", f"{old} = {new} #")
    return TextRecipe.parse(text)


@cache
def a_reader() -> Bundle:
    """A small real reader of complaints."""
    recipe = a_text_recipe()
    return bundle_of_texts(fit_texts(some_texts(), recipe), some_texts(), recipe)
