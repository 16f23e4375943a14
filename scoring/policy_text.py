"""What all policies share: reviewed TOML read into exact, unchangeable values, and a version over every one of them."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoring.errors import PolicyInvalid

__all__ = [
    "BAND_NAMES",
    "BandName",
    "Cents",
    "Policy",
    "PolicyPart",
    "Share",
    "Text",
    "Whole",
    "one_sentence_per_code",
    "times",
]

BandName = Literal["A", "B", "C", "D", "E"]

#: Every band, the safest first.
BAND_NAMES: tuple[BandName, ...] = ("A", "B", "C", "D", "E")

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0)]
Cents = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]


class PolicyPart(BaseModel):
    """A part of a policy: exact types, nothing unknown, unchangeable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Policy(PolicyPart):
    """A whole policy file, dated and for a jurisdiction."""

    kind: ClassVar[str] = "policy"

    since: date
    jurisdiction: Text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the policy's TOML; PolicyInvalid names every place that is wrong."""
        try:
            return cls.model_validate(_frozen(tomllib.loads(text)))
        except tomllib.TOMLDecodeError as error:
            raise PolicyInvalid(problems=f"it is no TOML: {error}") from error
        except ValidationError as error:
            raise PolicyInvalid(problems=_problems(error)) from error

    @classmethod
    def restored(cls, canonical: str) -> Self:
        """The policy that has this canonical text; PolicyInvalid where none has."""
        try:
            # It was checked strictly when it was first read; JSON has no dates and no tuples to be strict about.
            found = cls.model_validate_json(canonical, strict=False, by_name=True)
        except ValidationError as error:
            raise PolicyInvalid(problems=_problems(error)) from error
        if found.canonical != canonical:
            raise PolicyInvalid(problems="its canonical text says something else")
        return found

    @property
    def canonical(self) -> str:
        """Every value as JSON, always in the same form; what the file says beside them is left out."""
        return self.model_dump_json()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over every value."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @property
    def version(self) -> str:
        """Date and the start of the digest: another number is another version."""
        return f"{self.kind}-{self.since.isoformat()}-{self.digest[:8]}"

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values has a digest of its own."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("digest", None)
        return copied


class Coded(Protocol):
    """Something that people are told under a code."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str: ...


def one_sentence_per_code(told: Iterable[Coded]) -> None:
    """ValueError where a code stands for more than one sentence."""
    found = Counter(code for code, _ in {(one.code, one.text) for one in told})
    double = sorted(code for code, often in found.items() if often > 1)
    if double:
        raise ValueError(f"codes with more than one sentence: {', '.join(double)}")


def times(factor: float | None, amount: int) -> int:
    """So many times an amount in minor units, rounded half up; none of it where there is no factor.

    >>> times(3, 16667), times(0.05, 1010), times(None, 500)
    (50001, 51, 0)
    """
    if factor is None:
        return 0
    return int((Decimal(str(factor)) * amount).to_integral_value(ROUND_HALF_UP))


def _frozen(plain: Any) -> Any:
    """The same with tuples for lists: TOML has no tuples, and a policy holds nothing that can be changed."""
    if isinstance(plain, dict):
        return {name: _frozen(value) for name, value in plain.items()}
    return tuple(map(_frozen, plain)) if isinstance(plain, list) else plain


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, found['loc'])) or 'as a whole'}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors()
    )
