"""The score policy that is in force: its text is read here, its meaning stands in `scoring.score_policy`."""

from importlib.resources import files

from scoring.errors import PolicyInvalid as PolicyTextInvalid
from scoring.score_policy import ScorePolicy
from serving.errors import PolicyInvalid

__all__ = ["read_policy", "shipped_policy"]


def shipped_policy() -> str:
    """The text of the policy that comes with Goodfaith."""
    return (files("scoring") / "policies" / "score.toml").read_text(encoding="utf-8")


def read_policy(text: str) -> ScorePolicy:
    """What a policy's text says; raises `PolicyInvalid` with every place that is wrong."""
    try:
        return ScorePolicy.parse(text)
    except PolicyTextInvalid as error:
        raise PolicyInvalid(str(error)) from error
