"""Everything that can end a command of the practice applications."""

from pathlib import Path


class SandboxError(Exception):
    """The practice applications cannot do that."""

    exit_code = 1


class PopulationExistsError(SandboxError):
    """The folder already has a population; stores are never made twice."""

    exit_code = 3

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} already has a population; choose another folder or serve this one")


class NoPopulationError(SandboxError):
    """The folder has no population yet."""

    exit_code = 3

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} has no population; run: python -m sandbox population --dir {folder}")


class PortTakenError(SandboxError):
    """Another program listens on that port, or the address is none of this machine's."""

    exit_code = 4

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} of {host} is taken, or {host} is no address of this machine; "
            "give --ports with three free ones (0 = any)"
        )


class BadOptionError(SandboxError):
    """An option's value cannot be understood."""

    exit_code = 2
