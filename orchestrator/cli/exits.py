"""Named exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code means."""

    #: Done.
    OK = 0
    #: An error nobody foresaw.
    UNEXPECTED = 1
    #: The command line is wrong.
    USAGE = 2
    #: The delivery was refused (seen before) or cannot be read.
    DELIVERY = 3
    #: A setting is missing or wrong.
    SETTINGS = 4
    #: A scenario has faults.
    SCENARIO = 5
    #: What was compared differs (oracle, reconciliation, bench goal).
    DIFFERENT = 6
    #: The database does not answer, or is not the right one.
    DATABASE = 7
    #: The work stopped before its end: an application is closed to robots.
    STOPPED = 8
    #: A task of a suite failed.
    SUITE = 9
    #: A case that was to go on does not wait, or its entry is in doubt.
    REFUSED = 10
    #: Interrupted by Ctrl-C.
    INTERRUPTED = 130


HELP = "Codes de sortie : " + ", ".join(f"{code.value} {code.name}" for code in Exit) + "."
