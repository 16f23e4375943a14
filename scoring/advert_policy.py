"""The policy of adverts: words that nobody may use, and words that promise something, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/adverts.toml`.
"""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from scoring.policy_text import Policy, PolicyPart, Text, one_sentence_per_code

__all__ = ["AdvertPolicy", "Barred", "Promise"]

Code = Annotated[str, Field(pattern=r"^D\d{3}$")]
Words = Annotated[tuple[Text, ...], Field(min_length=1)]


class Barred(PolicyPart):
    """Words that an advert may not use, by which law, and what is said of them."""

    code: Code
    source: Text
    words: Words
    text: Text
    text_zh: Text


class Exceptions(PolicyPart):
    """Phrases in which a barred word says nothing about rank."""

    source: Text
    words: Words


class Promise(PolicyPart):
    """Words that promise a programme."""

    code: Code
    programme: Text
    words: Words


class Promised(PolicyPart):
    """What is said of a promise that is not the merchant's to make; `{name}` is the programme's."""

    text: Text
    text_zh: Text

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        for sentence, name in ((self.text, "name"), (self.text_zh, "name_zh")):
            if "{" + name + "}" not in sentence or sentence.format(**{name: ""}) == sentence:
                raise ValueError(f"{sentence!r} must name the programme as {{{name}}}")
        return self


class AdvertPolicy(Policy):
    """Everything that adverts are read for."""

    kind: ClassVar[str] = "adverts"

    absolute: Annotated[tuple[Barred, ...], Field(min_length=1)]
    exceptions: Exceptions
    promises: Annotated[tuple[Promise, ...], Field(min_length=1)]
    genuine: Barred
    promised: Promised

    @model_validator(mode="after")
    def _one_meaning_per_code(self) -> Self:
        one_sentence_per_code((*self.absolute, self.genuine))
        codes = [one.code for one in (*self.absolute, self.genuine)] + [one.code for one in self.promises]
        double = sorted({code for code in codes if codes.count(code) > 1})
        if double:
            raise ValueError(f"codes that stand twice: {', '.join(double)}")
        return self
