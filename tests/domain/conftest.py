"""Properties of plain functions hold on a busy machine too: none fails for its time."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
