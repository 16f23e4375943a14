"""The part of a recipe that says what labels weigh that not everybody has, and that not everybody has yet."""

from dataclasses import dataclass

from training.recipe_keys import Keys

__all__ = ["LEAVE_OUT", "WEIGH", "Selection", "selection_in"]

#: What becomes of rows whose label window has passed, and whose reporting delay has not.
LEAVE_OUT, WEIGH = "leave_out", "weigh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Whether rows are weighed by how likely their labels were to be seen, and how much one may weigh at most.

    `immature` says what becomes of rows that are not mature yet: they are left out, or weighed by how much is known by
    their age, unless that is less than the share `least_known` of what will be.
    """

    weigh: bool = False
    most: float = 10.0
    immature: str = LEAVE_OUT
    least_known: float = 0.5


def selection_in(keys: Keys) -> Selection:
    """The section `[selection]`; raises RecipeBroken, which names the key."""
    plain = Selection()
    selection = Selection(
        weigh=keys.take("weigh", bool, plain.weigh),
        most=keys.within("most", float, 1.0, 1000.0, plain.most),
        immature=keys.one_of("immature", (LEAVE_OUT, WEIGH), plain.immature),
        least_known=keys.within("least_known", float, 0.01, 1.0, plain.least_known),
    )
    keys.finish()
    return selection
