"""Compiles the core with mypyc where that is possible; otherwise the same source is installed and runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_ext import build_ext

COMPILED = (
    "data/duration",
    "data/call_site",
    "algebra/tag",
    "algebra/io",
    "algebra/primitive",
    "algebra/shape",
    "algebra/derived/sequence",
    "algebra/derived/error",
    "algebra/derived/finalizer",
    "algebra/derived/time",
    "algebra/derived/together",
    "algebra/derived/outside",
    "algebra/call",
    "algebra/arity",
    "algebra/handle",
    "algebra/desugar/sequence",
    "algebra/desugar/signal",
    "algebra/desugar/time",
    "algebra/desugar/together",
    "interpreter/timers",
    "interpreter/scope",
    "interpreter/callers",
    "interpreter/fiber",
    "interpreter/frames",
    "interpreter/supervision",
    "interpreter/group",
    "interpreter/parallel",
    "interpreter/action",
    "interpreter/step",
    "interpreter/observer",
    "interpreter/scheduler",
    "interpreter/outcome",
    "interpreter/backends/asyncio",
    "interpreter/backends/asyncio_host",
    "observe/short_path",
    "observe/recorder",
    "testing/exploration/schedules/system",
    "testing/exploration/schedules/trail",
    "testing/exploration/steps/exchange",
    "testing/exploration/steps/footprints",
    "testing/exploration/steps/places",
    "testing/exploration/steps/timing",
    "testing/exploration/steps/symmetric",
    "testing/exploration/steps/lasso",
    "testing/exploration/steps/ways",
    "testing/exploration/steps/happening",
    "testing/exploration/steps/stepping",
    "testing/exploration/schedules/search",
)
"""The modules of `effio` that run for every step, fork and wait, also of an exploration.

None of them has an `async def` or drives one.
"""

COMPILER = ["mypy>=2.0,<3", "attrs>=23.2", "returns>=0.23", "typing-extensions>=4.12"]
BUILDS = {"bdist_wheel", "build", "build_ext", "install"}
PROBE = "#include <Python.h>\nint probe(void) { return Py_IsInitialized(); }\n"


def main() -> None:
    """Compile if something is being built, and say why if that is not possible."""
    building = not BUILDS.isdisjoint(sys.argv)
    pure = os.environ.get("EFFIO_PURE", "0") not in ("", "0")
    extensions: list[Any] = []
    if building:
        reason = "EFFIO_PURE is set" if pure else why_not()
        if reason is None:
            extensions = compiled()
        else:
            say(f"effio: installed without the compiled core, since {reason}")
    setup(
        ext_modules=extensions,
        cmdclass={"build_ext": Guarded},
        setup_requires=[] if building or pure or not has_compiler() else COMPILER,
    )


def why_not() -> str | None:
    """Why the core cannot be compiled here, if so."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} compiles it while it runs"
    if not has_compiler():
        return "there is no C compiler, or Python's headers are missing"
    return None


def has_compiler() -> bool:
    """Whether a small extension module compiles."""
    command = (sysconfig.get_config_var("CC") or "cc").split() if os.name == "posix" else None
    if command is None:
        return True  # Whether it is there shows when it is used.
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "probe.c")
        source.write_text(PROBE)
        include = f"-I{sysconfig.get_path('include')}"
        try:
            subprocess.run([*command, include, "-c", source, "-o", f"{source}.o"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def compiled() -> list[Any]:
    """The extension modules; none if mypyc cannot make them."""
    try:
        from mypyc.build import mypycify

        options = ["--config-file=", "--python-version=3.11", "--follow-imports=silent"]
        modules = [f"effio/{name}.py" for name in COMPILED]
        return list(mypycify([*options, *modules], opt_level="3", debug_level="0", group_name="effio"))
    except (Exception, SystemExit) as error:
        say(f"effio: installed without the compiled core, since mypyc failed: {error!r}")
        return []


class Guarded(build_ext):
    """Builds the extension modules all together, or none of them."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            say(f"effio: installed without the compiled core, since its C code did not compile: {error!r}")
            self.extensions: list[Any] = []
            self.distribution.ext_modules = []


def say(line: str) -> None:
    """Tell whoever installs."""
    sys.stderr.write(f"{line}\n")


main()
