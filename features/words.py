"""The store's lexicon: numbers for the texts that attributes say, kept for good."""

from sqlalchemy import Connection, select

from features.database import insert_new
from features.facts import Lexicon
from features.tables import words

__all__ = ["KeptWords", "Words"]


class Words(Lexicon):
    """The store's numbers, to read by; `texts` has the text of each number at its place.

    A text that has no number yet gets one that holds here alone: who only reads must not write.
    """

    def __init__(self, tx: Connection) -> None:
        super().__init__()
        for number, text in tx.execute(select(words.c.number, words.c.text)):
            self._learn(number, text)

    def _learn(self, number: int, text: str) -> None:
        self.texts.extend([""] * (number + 1 - len(self.texts)))
        self.texts[number] = text
        self._number_of[text] = number


class KeptWords(Words):
    """The store's numbers; a text that has none yet gets one for good."""

    def __init__(self, tx: Connection) -> None:
        super().__init__(tx)
        self._tx = tx

    def _number(self, text: str) -> int:
        if text not in self._number_of:
            insert_new(self._tx, words, [{"text": text}])
            number = self._tx.execute(select(words.c.number).where(words.c.text == text)).scalar_one()
            self._learn(number, text)
        return self._number_of[text]
