"""The store's lexicon: numbers for the texts that attributes say, kept for good."""

from sqlalchemy import Connection, select

from features.database import insert_new
from features.facts import Lexicon
from features.tables import words

__all__ = ["Words"]


class Words(Lexicon):
    """A lexicon whose numbers are the store's; `texts` has the text of each number at its place."""

    def __init__(self, tx: Connection) -> None:
        super().__init__()
        self._tx = tx
        for number, text in tx.execute(select(words.c.number, words.c.text)):
            self._learn(number, text)

    def _number(self, text: str) -> int:
        if text not in self._number_of:
            insert_new(self._tx, words, [{"text": text}])
            number = self._tx.execute(select(words.c.number).where(words.c.text == text)).scalar_one()
            self._learn(number, text)
        return self._number_of[text]

    def _learn(self, number: int, text: str) -> None:
        self.texts.extend([""] * (number + 1 - len(self.texts)))
        self.texts[number] = text
        self._number_of[text] = number
