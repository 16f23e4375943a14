"""The model bundle: the only thing that travels from training to serving, as named bytes.

A bundle is `manifest.json` and the model's file: LightGBM's own text for kind `trees`, JSON for kind `points`, both and
their weights for kind `blend`, JSON for kind `text`, which reads texts and has no inputs; never a pickle. The manifest
holds the SHA-256 of each file and of itself, and is written in one canonical form, so that a changed byte anywhere is
found before anything is judged with it.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import TypeAdapter, ValidationError

from scoring.errors import BundleBroken
from scoring.scorecard import Scaling
from scoring.wording import problem_of

__all__ = ["FORMAT", "MODEL_FILES", "Bundle", "Calibration", "Golden", "Input", "Kind", "Target"]

#: What a model may tell the risk of. Serving answers with `credit` and `counterfeit`; others are for looking at, and
#: `table` is whatever a column of somebody's own table says; `complaints` tells what a complaint is about.
Target = Literal["credit", "counterfeit", "bust_out", "refund_loss", "table", "complaints"]

Kind = Literal["trees", "points", "blend", "text"]

#: The version of the manifest's form that this code reads and writes.
FORMAT = 1

#: The model files of each kind.
MODEL_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "trees": ("model.txt",),
        "points": ("points.json",),
        "blend": ("blend.json", "model.txt", "points.json"),
        "text": ("text.json",),
    }
)

#: Reason codes from here on belong to `scoring/reasons.py`; a bundle may not use them.
_RESERVED = "R9"

Riskier = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One model input and the words for it; never null, since missing evidence is a shrunk rate.

    `declaration` is the SHA-256 of the feature's declaration when the model was made, `shows` the feature
    whose value people see, `days` its window (None: no window), `text_none` the sentence for no value.
    """

    name: str
    declaration: str
    riskier: Riskier
    reason: str
    shows: str
    unit: str
    days: int | None = None
    text: str
    text_zh: str
    text_none: str = ""
    text_none_zh: str = ""

    def problem(self) -> str | None:
        """What is wrong with this input, or nothing."""
        if not self.reason or self.reason.startswith(_RESERVED):
            return f"input {self.name}: reason code {self.reason!r} is empty or reserved"
        if not self.text or not self.text_zh:
            return f"input {self.name}: a sentence is missing"
        sentences = ((self.text, True), (self.text_zh, True), (self.text_none, False), (self.text_none_zh, False))
        for sentence, with_value in sentences:
            found = problem_of(sentence, unit=self.unit, days=self.days, with_value=with_value)
            if found:
                return f"input {self.name}: {found}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Platt's line from the model's raw log-odds to calibrated log-odds (Platt 1999); it keeps their order."""

    slope: float = 1.0
    intercept: float = 0.0
    kind: Literal["platt"] = "platt"

    @property
    def sound(self) -> bool:
        """Whether higher raw log-odds stay higher."""
        return math.isfinite(self.slope) and math.isfinite(self.intercept) and self.slope > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Rows of inputs and the probabilities that the model gave for them when it was made."""

    inputs: tuple[tuple[float, ...], ...] = ()
    p: tuple[float, ...] = ()

    @classmethod
    def of(cls, inputs: Sequence[Sequence[float]], p: Sequence[float]) -> Self:
        """The same from any rows of numbers, such as a NumPy array."""
        return cls(inputs=tuple(tuple(map(float, row)) for row in inputs), p=tuple(map(float, p)))

    def plain(self) -> dict[str, Any]:
        """As JSON holds it, every number a float; by hand, since `asdict` takes longer than all else that loads."""
        return {"inputs": [list(map(float, row)) for row in self.inputs], "p": list(map(float, self.p))}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """The manifest's fields, in the types they must have."""

    format: int
    kind: Kind
    target: Target
    name: str
    features: tuple[Input, ...]
    calibration: Calibration
    scaling: Scaling
    training: dict[str, Any]
    golden: Golden
    files: dict[str, str]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A model as bytes and the words and numbers that go with it; BundleBroken where they do not fit together.

    `training` is plain JSON: `from`, `until` (ISO times), `rows`, `bad`, `recipe`, `data`, `code`.
    """

    kind: Kind
    target: Target
    name: str
    features: tuple[Input, ...]
    calibration: Calibration
    scaling: Scaling
    training: Mapping[str, Any]
    golden: Golden
    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        found = self._problem()
        if found:
            raise BundleBroken(problem=found)

    @classmethod
    def unpack(cls, files: Mapping[str, bytes]) -> Self:
        """Read a packed bundle after checking its form and every hash; BundleBroken says what is wrong."""
        manifest = _manifest(files.get("manifest.json", b""))
        models = {name: content for name, content in files.items() if name != "manifest.json"}
        for name in manifest.files.keys() | models.keys():
            if _sha256(models.get(name, b"")) != manifest.files.get(name):
                raise BundleBroken(problem=f"{name} is missing or differs from its hash in the manifest")
        names = ("kind", "target", "name", "features", "calibration", "scaling", "training", "golden")
        bundle = cls(**{name: getattr(manifest, name) for name in names}, files=models)
        if bundle.pack()["manifest.json"] != files["manifest.json"]:
            raise BundleBroken(problem="the manifest is not in its canonical form")
        return bundle

    def pack(self) -> dict[str, bytes]:
        """The bundle as bytes; equal bundles give equal bytes."""
        return {"manifest.json": _sealed(self._plain()), **self.files}

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything in the bundle: the manifest's, which holds the files' hashes."""
        return _digest(self._plain())

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the model's inputs, in the model's order."""
        return tuple(feature.name for feature in self.features)

    def changed(self, declarations: Mapping[str, str]) -> tuple[str, ...]:
        """Inputs that `declarations` (name -> SHA-256) no longer declares as they were in training."""
        return tuple(one.name for one in self.features if declarations.get(one.name) != one.declaration)

    def with_golden(self, golden: Golden) -> Self:
        """The same bundle with these golden rows."""
        return replace(self, golden=golden)

    def _plain(self) -> dict[str, Any]:
        """The manifest as plain JSON values, its own digest left out."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "target": self.target,
            "name": self.name,
            "features": [asdict(feature) for feature in self.features],
            "calibration": _floats(asdict(self.calibration)),
            "scaling": asdict(self.scaling),
            "training": dict(self.training),
            "golden": self.golden.plain(),
            "files": {name: _sha256(content) for name, content in self.files.items()},
        }

    def _problem(self) -> str | None:
        width = len(self.features)
        if tuple(sorted(self.files)) != MODEL_FILES.get(self.kind):
            return f"kind {self.kind} has the files {MODEL_FILES.get(self.kind)}, not {sorted(self.files)}"
        if self.kind == "text":
            return "a model of texts has inputs or golden rows" if width or self.golden.inputs else None
        if width == 0 or len(set(self.inputs)) != width:
            return "the model has no inputs, or two of one name"
        if not self.calibration.sound:
            return "the calibration's slope is not positive and finite"
        if not _sound(self.scaling):
            return f"the scaling {self.scaling} is no scale"
        if len(self.golden.inputs) != len(self.golden.p) or any(len(row) != width for row in self.golden.inputs):
            return "golden rows and inputs, or golden rows and their probabilities, differ in number"
        return next((found for feature in self.features if (found := feature.problem())), None)


def _sound(scaling: Scaling) -> bool:
    return scaling.odds > 0 and scaling.pdo > 0 and scaling.lowest < scaling.points < scaling.highest


def _floats(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values with every number as a float, so that 1 and 1.0 are written alike."""
    return {name: float(value) if isinstance(value, int) else value for name, value in values.items()}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _canonical(plain: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError) as error:
        raise BundleBroken(problem=f"the manifest cannot be written as JSON: {error}") from error


def _digest(plain: Mapping[str, Any]) -> str:
    return _sha256(_canonical(plain))


def _sealed(plain: Mapping[str, Any]) -> bytes:
    return _canonical({**plain, "digest": _digest(plain)})


@cache
def _form() -> TypeAdapter[_Manifest]:
    """What reads a manifest; made once, on first use."""
    return TypeAdapter(_Manifest)


def _manifest(content: bytes) -> _Manifest:
    """The manifest's fields, its own hash and form checked."""
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleBroken(problem="manifest.json is missing or no JSON") from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise BundleBroken(problem=f"manifest.json is not of format {FORMAT}")
    if _sealed({name: value for name, value in plain.items() if name != "digest"}) != content:
        raise BundleBroken(problem="manifest.json differs from its own hash")
    try:
        return _form().validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BundleBroken(problem=f"manifest.json at {place}: {first['msg']}") from error
