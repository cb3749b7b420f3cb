"""Makes worker processes by ``fork``, from a process without threads and outside of its event loop.

A forked worker has the rules that its supervisor loaded: the rules are read once, all workers have
the same rules whenever they are started, and the memory of the rules is shared.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from matcher.errors import MatcherError
from matcher.service.shutdown import IGNORED_SIGNALS, SIGNALS

_HANDLED = (*SIGNALS, *IGNORED_SIGNALS, signal.SIGCHLD)
_FIRST_FREE = 3
EXIT_BUG = 1
"""The exit code of a process that ended because of a bug."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started; ``end`` is our end of the connection with it."""

    pid: int
    end: socket.socket

    def exit_code(self) -> int | None:
        """The exit code; a negative number is the signal that ended the process. None while the
        process runs.

        The exit code is given once: the kernel forgets the process then.
        """
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


def start(work: Callable[[socket.socket], None], *, keep_files: bool = False) -> Process:
    """Run ``work`` in a process of its own, with its end of a connection.

    The process exits with 0, with the exit code of the MatcherError that ``work`` raises, or with 1
    after a traceback. It ends when we end, however we end. Without ``keep_files`` it holds none of
    our files but the standard streams. No event loop may run here.
    """
    parent = os.getpid()
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    pid = os.fork()
    if pid == 0:
        _be_child(work, theirs, parent, blocked, keep_files=keep_files)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    theirs.close()
    return Process(pid, ours)


def _be_child(
    work: Callable[[socket.socket], None],
    end: socket.socket,
    parent: int,
    blocked: set[int | signal.Signals],
    *,
    keep_files: bool,
) -> NoReturn:
    code = EXIT_BUG
    try:
        # never collect the parent's objects: a collected socket would close one of our files
        gc.freeze()
        # otherwise, the parent's event loop would be told of our signals
        signal.set_wakeup_fd(-1)
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        _end_with(parent)
        if not keep_files:
            os.closerange(_FIRST_FREE, end.fileno())
            os.closerange(end.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        work(end)
        code = 0
    except MatcherError as error:
        code = error.exit_code
    except BaseException:  # noqa: BLE001 - nothing may return into the parent's frames
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with(parent: int) -> None:
    """Have the kernel kill us when the parent ends, where it can (Linux).

    Elsewhere the end of the connection is what tells us. See prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_BUG)
