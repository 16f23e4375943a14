"""How property tests run: the same examples every time in CI, many new ones in a soak."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, nothing about the code: no deadline, no slowness check.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", max_examples=150, derandomize=True, **_UNTIMED)
settings.register_profile("soak", max_examples=3000, print_blob=True, **_UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
