"""Chance that a seed decides."""

from __future__ import annotations

from random import Random


def chance(*seed: object) -> Random:
    """Numbers that follow from the seed; the same seed gives the same ones."""
    return Random(":".join(map(str, seed)))  # noqa: S311  # a simulation keeps no secrets
