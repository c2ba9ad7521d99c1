"""What a child process of `to_process` does: read a call, make it, write what came of it, until the pipe is closed.

A message is the pickle of the bytes of a pickle, so that one that cannot be read does no harm to the next.
"""

from __future__ import annotations

import io
import os
import pickle
import runpy
import signal
import sys
import traceback
from types import ModuleType
from typing import Any, BinaryIO, Final

MAIN_NAMES: Final = ("__main__", "__mp_main__")
"""What the main module is called: in the first process, and in a child that calls another one."""

READS_MAIN: Final = "_effio_reads_the_main_module"
"""The name that this script has, as a main module, while it runs the one of the parent."""


def serve(main_name: str | None, main_path: str | None) -> None:
    """Answer calls until there are no more. Ctrl-C is for the parent to handle; what is printed goes to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = private(0, os.open(os.devnull, os.O_RDONLY), "rb")
    answers = private(1, os.dup(2), "wb")
    while True:
        try:
            request: bytes = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(answer_to(request, main_name, main_path), answers)
        answers.flush()


def private(descriptor: int, replacement: int, mode: str) -> BinaryIO:
    """The stream behind a standard descriptor, which from now on leads somewhere else."""
    stream: Any = os.fdopen(os.dup(descriptor), mode)
    os.dup2(replacement, descriptor)
    os.close(replacement)
    return stream  # type: ignore[no-any-return]  # which class it is depends on the mode


def answer_to(request: bytes, main_name: str | None, main_path: str | None) -> bytes:
    """Make the call: the pickle of `(value, None, "")`, or of None, what was raised, and where."""
    try:
        function, args, kwargs = Calls(request, main_name, main_path).load()
        return pickle.dumps((function(*args, **kwargs), None, ""))
    except BaseException as error:
        trace = None if error.__traceback__ is None else error.__traceback__.tb_next
        text = "".join(traceback.format_exception(error.with_traceback(trace)))
        return pickle.dumps((None, sendable(error), text))


def sendable(error: BaseException) -> BaseException:
    """The error itself, or one that tells of it, if it would not arrive as it is."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception as problem:
        return pickle.PicklingError(f"{type(error).__qualname__} cannot be sent to the parent process: {problem}")
    return error


class Calls(pickle.Unpickler):
    """Reads a call; the main module of the parent is run, under another name, when something of it is needed."""

    def __init__(self, request: bytes, main_name: str | None, main_path: str | None) -> None:
        super().__init__(io.BytesIO(request))
        self.main_name = main_name
        self.main_path = main_path

    def find_class(self, module: str, name: str, /) -> Any:
        if module in MAIN_NAMES and sys.modules["__main__"].__name__ != "__mp_main__":
            self.run_main()
        return super().find_class(module, name)

    def run_main(self) -> None:
        """Run the script of the parent as multiprocessing does, so that `if __name__ == "__main__"` is false."""
        main = ModuleType("__mp_main__")
        own = vars(sys.modules["__main__"])
        own[READS_MAIN] = True
        try:
            if self.main_name is not None:
                main.__dict__.update(runpy.run_module(self.main_name, run_name="__mp_main__", alter_sys=True))
            elif self.main_path is not None:
                main.__dict__.update(runpy.run_path(self.main_path, run_name="__mp_main__"))
        finally:
            del own[READS_MAIN]
        sys.modules["__main__"] = sys.modules["__mp_main__"] = main
