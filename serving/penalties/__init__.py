"""Penalties: what was found against a merchant, the step of the ladder that follows, and who has to agree to it."""
