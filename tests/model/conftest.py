"""How long the model tests run: `GVQ_HYPOTHESIS_PROFILE=ci` (the default), `long` or `soak`.

`first` shows a difference as it was met: shrinking it takes minutes.
"""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "ci",
    max_examples=60,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "long", settings.get_profile("ci"), max_examples=1_000, stateful_step_count=60,
    derandomize=False, print_blob=True,
)  # fmt: skip
settings.register_profile("first", settings.get_profile("ci"), phases=[Phase.generate])
settings.register_profile("soak", settings.get_profile("long"), max_examples=20_000)
settings.load_profile(os.environ.get("GVQ_HYPOTHESIS_PROFILE", "ci"))
