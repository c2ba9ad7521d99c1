"""Keeps pytest away from the cases, which only type checkers read."""

from __future__ import annotations

collect_ignore = ["cases"]
