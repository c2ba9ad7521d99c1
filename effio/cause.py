"""The error tree of a program that did not succeed, and the exception groups it is raised as."""

from __future__ import annotations

from effio.data.cause import Both, Cancelled, Cause, Die, Fail, Then, both, then
from effio.data.cause_exception import BaseProgramErrors, ProgramErrors
from effio.data.errors import CancelSource
from effio.data.location import ChildReport, Location

__all__ = [
    "BaseProgramErrors",
    "Both",
    "CancelSource",
    "Cancelled",
    "Cause",
    "ChildReport",
    "Die",
    "Fail",
    "Location",
    "ProgramErrors",
    "Then",
    "both",
    "then",
]
