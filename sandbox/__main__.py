"""Commands of the practice applications: population, serve, install, delivery, oracle."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from sandbox import bank, delivery, deposits, evening, oracle, stores, wave, waves
from sandbox.errors import SandboxError
from sandbox.faults import Rates
from sandbox.population import DEFAULT_SEED, DEFAULT_SIZE, DEFAULT_TODAY, build
from sandbox.releases import install

#: Where they listen unless told otherwise.
_HERE = "127.0.0.1"
_RELEASE = "2, or by application, e.g. arpege=2,compta=2.1; it stays installed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _population(options: argparse.Namespace) -> None:
    stores.create(options.dir, build(options.people, options.seed, options.today.isoformat(), evening=options.evening))


def _serve(options: argparse.Namespace) -> None:
    # web servers and templates: two thirds of the start of every other command
    from sandbox.green.server import Green  # noqa: PLC0415
    from sandbox.web.legacy import Options  # noqa: PLC0415
    from sandbox.web.server import serve  # noqa: PLC0415

    rates = Rates.parse(options.faults, options.fault_seed)
    if options.release:
        install(options.dir, options.release)
    served = Options(folder=options.dir, rates=rates, today=options.today, idle_seconds=options.session_minutes * 60)
    green = Green(port=options.progres_port, sessions=options.progres_sessions, secure=options.progres_tls)
    ports = options.ports or [
        options.port_base + n if options.port_base else 0 for n in range(len(stores.APPLICATIONS))
    ]
    serve(served, ports, green, options.host)


def _install(options: argparse.Namespace) -> None:
    install(options.dir, options.release)


def _delivery(options: argparse.Namespace) -> None:
    print(delivery.write(stores.load(options.dir), options.date, options.out, options.change_one))


def _oracle(options: argparse.Namespace) -> None:
    population = stores.load(options.dir)
    entered = oracle.ledger_keys(options.ledger) if options.ledger else set()
    earlier = [(path.read_bytes(), day) for path, day in options.earlier]
    before = oracle.history(population, earlier, entered)
    verdicts = oracle.judge(population, options.delivery.read_bytes(), options.run_date, before)
    text = "".join(f"{line}\n" for line in oracle.lines_of(verdicts))
    if options.out:
        options.out.write_text(text, "ascii")
    else:
        sys.stdout.write(text)


def _wave(options: argparse.Namespace) -> None:
    if options.out:
        wave.write(options.dir, options.rows, options.out)
        return
    for said in wave.judge(options.dir, options.rows):
        print(json.dumps(said))


def _waves(options: argparse.Namespace) -> None:
    for number, people in enumerate(options.people, start=1):
        print(waves.write(options.out, number, people=people, seed=options.seed, whole=options.whole))


def _deposits(options: argparse.Namespace) -> None:
    print(deposits.write(stores.load(options.dir), options.out, options.again))


def _returns(options: argparse.Namespace) -> None:
    print(bank.write_now(options.dir, options.date, options.out))


def _evening(options: argparse.Namespace) -> None:
    for name, part in evening.PARTS.items():
        path = part.deliver(stores.load(options.dir), options.out) if part.deliver else None
        own: dict[str, object] = {"name": name, "scenario": part.scenario or name, "robot": part.robot}
        own |= {"login": part.login, "work": part.work, "last": part.last, "after": part.after}
        own |= {"days": [day.isoformat() for day in part.days], "delivery": str(path) if path else None}
        print(json.dumps(own))


def _judge(options: argparse.Namespace) -> None:
    population = stores.load(options.dir)
    for name in options.scenarios.split(","):
        for verdict in evening.PARTS[name].verdicts(population, options.dir):
            print(json.dumps({"scenario": name, **verdict}))
    for found in evening.account(options.dir, population, options.scenarios.split(",")):
        print(json.dumps(found))


def _mutations(options: argparse.Namespace) -> None:
    from sandbox.mutations import asked  # noqa: PLC0415 - reads pages by lxml

    for seed in range(options.first, options.first + options.count):
        print(json.dumps(asked(seed, options.applications.split(","))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _population_options(_command(commands, "population", _population, "make the stores of a folder"))
    _serve_options(_command(commands, "serve", _serve, "serve the applications"))
    installing = _command(
        commands, "install", _install, "install a release; applications that are served show it at once"
    )
    installing.add_argument("--release", required=True, help=_RELEASE)
    _delivery_options(_command(commands, "delivery", _delivery, "write the delivery of a day"))
    _oracle_options(_command(commands, "oracle", _oracle, "say what each row should become"))
    wave_of = _command(commands, "wave", _wave, "put a migration wave into PROGRES, or say what became of it")
    wave_of.add_argument("--rows", type=int, default=13_200)
    wave_of.add_argument(
        "--out", type=Path, help="its file; none: say what each row should become, and compare the ledger"
    )
    three = commands.add_parser("waves", help="write the waves before and after their bascule, and what differs")
    three.set_defaults(command=_waves)
    three.add_argument("--out", type=Path, required=True, help="folder of the extracts and of the expected reports")
    three.add_argument("--seed", type=int, default=DEFAULT_SEED)
    sizes = ",".join(str(people) for _, people in waves.WAVES)
    three.add_argument("--people", type=_people, default=sizes, metavar="N,N,N", help="people of each wave")
    three.add_argument("--whole", action="store_true", help="without the damaged line of each")
    papers = _command(commands, "deposits", _deposits, "write what people deposited, and what each deposit must become")
    papers.add_argument(
        "--out", type=Path, required=True, help="folder of the list; the PDFs go into its folder depots"
    )
    papers.add_argument("--again", default="", metavar="WORD", help="other papers for the same requests")
    returns = _command(commands, "returns", _returns, "write the bank's camt.054 of the transfers that came back")
    returns.add_argument("--date", type=date.fromisoformat, required=True)
    returns.add_argument("--out", type=Path, required=True, help="folder of the file")
    shared = _command(commands, "evening", _evening, "write what each scenario of an evening is given")
    shared.add_argument("--out", type=Path, required=True, help="folder of the deliveries")
    judging = _command(commands, "judge", _judge, "say what each row and ledger of an evening should become, and is")
    judging.add_argument("--scenarios", required=True, metavar="NAME,NAME")
    mutations = commands.add_parser("mutations", help="say which change each seed asks for")
    mutations.set_defaults(command=_mutations)
    mutations.add_argument("--first", type=int, default=1, metavar="SEED")
    mutations.add_argument("--count", type=int, default=10)
    mutations.add_argument("--applications", default="bdo,arpege,compta,rniam", metavar="NAME,NAME")
    for command in commands.choices.values():
        _read_environment(command)
    return parser


def _read_environment(parser: argparse.ArgumentParser) -> None:
    """Let every option be given as ``GLR_SANDBOX_…`` too, and say so in the help."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to walk its options
        if action.dest == "help":
            continue
        name = f"GLR_SANDBOX_{action.dest.upper()}"
        action.help = f"{action.help or ''} [env: {name}]".strip()
        if given := os.environ.get(name):
            several = isinstance(action.default, list) and action.type is not None
            action.default = [_earlier(one) for one in given.split(",")] if several else given
            action.required = False


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    summary: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("--dir", type=Path, required=True, help="folder of the stores")
    parser.set_defaults(command=run)
    return parser


def _population_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=DEFAULT_SIZE, help="data rows of a delivery")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--today", type=date.fromisoformat, default=date.fromisoformat(DEFAULT_TODAY))
    parser.add_argument("--evening", action="store_true", help="with work for several robots: see the command evening")


def _serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port-base", type=int, default=8101, help="first of six ports; 0 = any six")
    parser.add_argument(
        "--ports", type=_ports, help="ports of BDO,ARPEGE,COMPTA,C2S,GED,RNIAM, by commas; 0, or none given = any"
    )
    parser.add_argument("--host", default=_HERE, help="IPv4 address to listen on; PROGRES and mail stay on 127.0.0.1")
    parser.add_argument("--today", type=date.fromisoformat, help="business date instead of the file `today`")
    parser.add_argument("--faults", default="", help="e.g. before=0.05,after=0.05,drop=0.02,expiry=0.02,latency=0:30")
    parser.add_argument("--fault-seed", type=int, default=1)
    parser.add_argument("--release", default="", help=_RELEASE)
    parser.add_argument("--session-minutes", type=float, default=30.0, help="idle time that ends a session")
    parser.add_argument("--progres-port", type=int, default=0, help="port of PROGRES, the green screen; 0 = any")
    parser.add_argument("--progres-sessions", type=int, default=20, help="terminals that PROGRES lets in at once")
    parser.add_argument("--progres-tls", type=Path, metavar="PEM", help="certificate and key: PROGRES speaks TLS")


def _delivery_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--date", type=date.fromisoformat, required=True)
    parser.add_argument("--out", type=Path, required=True, help="file, or a folder")
    parser.add_argument("--change-one", type=int, metavar="SEED", help="change one row, no decision")


def _oracle_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--delivery", type=Path, required=True)
    parser.add_argument("--run-date", type=date.fromisoformat, required=True)
    parser.add_argument("--ledger", type=Path, help="COMPTA's ledger: stops entered there are already done")
    parser.add_argument("--earlier", type=_earlier, action="append", default=[], metavar="FILE@RUN-DATE")
    parser.add_argument("--out", type=Path)


def _people(text: str) -> list[int]:
    return [int(one) for one in text.split(",")][: len(waves.WAVES)]


def _ports(text: str) -> list[int]:
    ports = [int(one) for one in text.split(",")]
    missing = len(stores.APPLICATIONS) - len(ports)
    if missing < 0:
        raise argparse.ArgumentTypeError(f"expected ports of {','.join(stores.APPLICATIONS)}")
    return ports + [0] * missing


def _earlier(text: str) -> tuple[Path, date]:
    path, _, day = text.rpartition("@")
    try:
        return Path(path), date.fromisoformat(day)
    except ValueError:
        raise argparse.ArgumentTypeError("expected FILE@RUN-DATE") from None


if __name__ == "__main__":
    sys.exit(main())
