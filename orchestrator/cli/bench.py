"""``glr bench``: measured ratios, side by side in one run; never part of a timed test."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from orchestrator.bench import suites
from orchestrator.bench.claims import ClaimsBench
from orchestrator.bench.console import GOAL_MS, ConsoleBench
from orchestrator.bench.drivers import Drivers, report
from orchestrator.bench.endless import measure
from orchestrator.bench.engine import LANES, EngineBench
from orchestrator.bench.load import LoadBench
from orchestrator.bench.overhead import Overhead, summary
from orchestrator.bench.suites import Suites
from orchestrator.bench.wave import GOAL_MB, ROWS, WaveBench
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.drivers.browser_finder import ensure_browser
from orchestrator.drivers.terminal_finder import ensure_terminal


@click.group()
def bench() -> None:
    """Bancs de mesure : un rapport, mesuré côte à côte dans une même exécution."""


@bench.command()
@click.option("--cases", type=click.IntRange(2), default=12, envvar="GLR_BENCH_CASES", show_envvar=True, show_default=True,
              help="Dossiers mesurés par manche.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=5, envvar="GLR_BENCH_ROUNDS", show_envvar=True, show_default=True,
              help="Manches appariées.")  # fmt: skip
@options.as_json
def overhead(cases: int, rounds: int, json_: bool) -> None:  # noqa: FBT001
    """Surcoût du moteur face à un script Playwright écrit à la main : CPU par dossier, but ≤ 10 %."""
    ensure_browser()
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        measured = Overhead(settings=options.settings_of(Path(folder)), cases=cases, rounds=rounds)
        figures = summary(measured.run(lambda text: click.echo(text, err=json_)))
    for name in ("engine_cpu_ms", "script_cpu_ms", "engine_wall_ms", "script_wall_ms", "ratio"):
        values = figures[name]
        click.echo(
            f"{name:16} min {values['min']:9.3f}  médiane {values['median']:9.3f}  max {values['max']:9.3f}", err=json_
        )
    if json_:
        click.echo(json.dumps(figures))
    if not figures["reached"]:
        raise click.exceptions.Exit(Exit.DIFFERENT)


@bench.command()
@click.option("--cases", type=click.IntRange(2), default=10, envvar="GLR_BENCH_CASES", show_envvar=True, show_default=True,
              help="Dossiers mesurés par voie et par manche.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=3, envvar="GLR_BENCH_ROUNDS", show_envvar=True, show_default=True,
              help="Manches, les voies dans un ordre qui tourne.")  # fmt: skip
@click.option("--rivals/--no-rivals", "with_rivals", default=True, envvar="GLR_BENCH_RIVALS", show_envvar=True,
              show_default=True, help="Installer et mesurer aussi Browser library et RPA.Browser.Selenium.")  # fmt: skip
@options.as_json
def drivers(cases: int, rounds: int, with_rivals: bool, json_: bool) -> None:  # noqa: FBT001
    """Dossiers par cœur : le moteur, par pages seules, un script Playwright à la main, Browser library, Selenium."""
    ensure_browser()
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        settings = options.settings_of(Path(folder))
        measured = Drivers(settings=settings, cases=cases, rounds=rounds, with_rivals=with_rivals)
        said = report(measured.measure(lambda text: click.echo(text, err=json_)))
    for name, values in said["figures"].items():
        click.echo(
            f"{name:28} min {values['min']:9.3f}  médiane {values['median']:9.3f}  max {values['max']:9.3f}", err=json_
        )
    for name, ratio in said["ratio_cases_per_core"].items():
        text = said["absent"][name] if ratio is None else f"× {ratio:.2f} (but × {said['goals'][name]:.1f})"
        click.echo(f"{name:28} {text}", err=json_)
    if json_:
        click.echo(json.dumps(said))


@bench.command("robot")
@click.option("--cases", type=click.IntRange(6), default=3000, envvar="GLR_BENCH_ROBOT_CASES", show_envvar=True,
              show_default=True, help="Dossiers par manche.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=5, envvar="GLR_BENCH_ROUNDS", show_envvar=True, show_default=True,
              help="Manches, un processus chacune.")  # fmt: skip
@click.option("--engine", type=click.IntRange(0), default=30, envvar="GLR_BENCH_ENGINE", show_envvar=True, show_default=True,
              help="Dossiers par manche par le moteur, en YAML et par la suite ; 0 : ne pas mesurer.")  # fmt: skip
@options.as_json
def robot_suite(cases: int, rounds: int, engine: int, json_: bool) -> None:  # noqa: FBT001
    """Suite Robot Framework sans fin : coût d'un dossier (but ≤ 10 ms), mémoire de son processus, surcoût face au YAML."""
    figures = measure(cases, rounds, lambda text: click.echo(text, err=json_))
    if engine:
        figures["engine"] = _through_the_engine(engine, rounds, json_)
        figures["reached"] = figures["reached"] and figures["engine"]["reached"]
    for name, values in {**figures, **figures.get("engine", {})}.items():
        if isinstance(values, dict) and "median" in values:
            said = f"min {values['min']:9.3f}  médiane {values['median']:9.3f}  max {values['max']:9.3f}"
            click.echo(f"{name:18} {said}", err=json_)
    if json_:
        click.echo(json.dumps(figures))
    if not figures["reached"]:
        raise click.exceptions.Exit(Exit.DIFFERENT)


@bench.command("engine")
@click.option("--cases", type=click.IntRange(20), default=5000, envvar="GLR_BENCH_ENGINE_CASES", show_envvar=True,
              show_default=True, help="Dossiers vides par voie et par manche.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=3, envvar="GLR_BENCH_ROUNDS", show_envvar=True, show_default=True,
              help="Manches, les voies dans un ordre qui tourne.")  # fmt: skip
@click.option("--rivals/--no-rivals", "with_rivals", default=True, envvar="GLR_BENCH_RIVALS", show_envvar=True,
              show_default=True, help="Installer et mesurer aussi Celery (Redis) et DBOS.")  # fmt: skip
@click.option("--lanes", type=click.IntRange(1, 64), multiple=True, default=LANES, envvar="GLR_BENCH_LANES",
              show_envvar=True, show_default=True, help="Voies d'un même processus (4 toujours).")  # fmt: skip
@click.option("--load", type=click.IntRange(0), default=100_000, envvar="GLR_BENCH_LOAD", show_envvar=True,
              show_default=True, help="Lignes de la grande livraison ; 0 : ne pas la charger.")  # fmt: skip
@click.option("--ready", type=click.IntRange(0), default=100_000, envvar="GLR_BENCH_READY", show_envvar=True,
              show_default=True, help="Dossiers prêts à côté desquels on compte ce que lit une prise.")  # fmt: skip
@click.option("--ended", type=click.IntRange(0), default=1_000_000, envvar="GLR_BENCH_ENDED", show_envvar=True,
              show_default=True, help="Dossiers terminés, de même.")  # fmt: skip
@click.option("--waiting", type=click.IntRange(0), default=100_000, envvar="GLR_BENCH_WAITING", show_envvar=True,
              show_default=True, help="Dossiers en attente, de même.")  # fmt: skip
@options.as_json
def engine_alone(
    cases: int,
    rounds: int,
    with_rivals: bool,  # noqa: FBT001
    lanes: tuple[int, ...],
    load: int,
    ready: int,
    ended: int,
    waiting: int,
    json_: bool,  # noqa: FBT001
) -> None:
    """Dossiers vides par seconde de CPU : le moteur, une boucle SKIP LOCKED, procrastinate, Celery, DBOS."""
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        measured = EngineBench(
            workspace=Path(folder) / "workspace", cases=cases, rounds=rounds, lanes=lanes, large=load,
            piles={"ready": ready, "ended": ended, "waiting": waiting}, starts=min(100, cases), with_rivals=with_rivals,
        )  # fmt: skip
        said = measured.run(lambda text: click.echo(text, err=json_))
    _show_engine(said, err=json_)
    if json_:
        click.echo(json.dumps(said))
    if not all(said["reached"].values()):
        raise click.exceptions.Exit(Exit.DIFFERENT)


@bench.command("claims")
@click.option("--claims", type=click.IntRange(400), default=100_000, envvar="GLR_BENCH_CLAIMS", show_envvar=True,
              show_default=True, help="Prises en tout.")  # fmt: skip
@click.option("--claimers", type=click.IntRange(4), default=32, envvar="GLR_BENCH_CLAIMERS", show_envvar=True,
              show_default=True, help="Preneurs, qui se disputent quelques dossiers.")  # fmt: skip
@click.option("--deaths", type=click.IntRange(0), default=200, envvar="GLR_BENCH_DEATHS", show_envvar=True,
              show_default=True, help="Sessions tuées un dossier en main ; 0 : aucune.")  # fmt: skip
@options.as_json
def claims_held(claims: int, claimers: int, deaths: int, json_: bool) -> None:  # noqa: FBT001
    """Aucun dossier tenu par deux, d'après ce que chaque preneur a noté lui-même ; délai après la mort d'une session."""
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        measured = ClaimsBench(workspace=Path(folder) / "workspace", claims=claims, claimers=claimers, deaths=deaths)
        said = measured.run(lambda text: click.echo(text, err=json_))
    orphans = said["orphans"]
    if orphans:
        click.echo(
            f"disponible après la mort de sa session : médiane {orphans['median']} s, 99 % {orphans['p99']} s, "
            f"max {orphans['max']} s (but {orphans['goal']:.0f} s)",
            err=json_,
        )
    if json_:
        click.echo(json.dumps(said))
    if said["held_by_two"] or (orphans and not orphans["reached"]):
        raise click.exceptions.Exit(Exit.DIFFERENT)


@bench.command("console")
@click.option("--cases", type=click.IntRange(5_000), default=10_000_000, envvar="GLR_BENCH_CONSOLE_CASES", show_envvar=True,
              show_default=True, help="Dossiers dans la base, presque tous terminés.")  # fmt: skip
@click.option("--times", type=click.IntRange(5), default=40, envvar="GLR_BENCH_CONSOLE_TIMES", show_envvar=True,
              show_default=True, help="Fois que chaque requête est posée.")  # fmt: skip
@options.as_json
def console_queries(cases: int, times: int, json_: bool) -> None:  # noqa: FBT001
    """Temps de chaque requête de la console dans la base, à côté de beaucoup de dossiers terminés."""
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        measured = ConsoleBench(workspace=Path(folder) / "workspace", cases=cases, times=times)
        said = measured.run(lambda text: click.echo(text, err=json_))
    click.echo(f"au-delà de {GOAL_MS:.0f} ms : {', '.join(said['slow']) or 'aucune'}", err=json_)
    if json_:
        click.echo(json.dumps(said))
    if said["slow"]:
        raise click.exceptions.Exit(Exit.DIFFERENT)


@bench.command("load")
@click.option("--rows", type=click.IntRange(10), multiple=True, default=(100_000, 1_000_000), envvar="GLR_BENCH_ROWS",
              show_envvar=True, show_default=True, help="Lignes d'un fichier ; à répéter pour plusieurs tailles.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=3, envvar="GLR_BENCH_ROUNDS", show_envvar=True, show_default=True,
              help="Manches de chaque taille, les voies dans un ordre qui tourne.")  # fmt: skip
@options.as_json
def large_files(rows: tuple[int, ...], rounds: int, json_: bool) -> None:  # noqa: FBT001
    """Grand fichier à largeur fixe : chargé comme par glr run, face à un COPY des mêmes lignes ; débit et mémoire."""
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        measured = LoadBench(workspace=Path(folder) / "workspace", sizes=rows, rounds=rounds)
        said = measured.run(lambda text: click.echo(text, err=json_))
    for size, found in said["sizes"].items():
        against = found["load_against_copy"]["wall"]
        click.echo(
            f"{size} lignes : {found['rows_per_second']['load']['median']:.0f} lignes/s (COPY × {against['median']:.0f}), "
            f"mémoire au plus haut {found['peak_mb']['load']['max']:.0f} Mo",
            err=json_,
        )
    if json_:
        click.echo(json.dumps(said))


@bench.command("wave")
@click.option("--rows", type=click.IntRange(60), default=ROWS, envvar="GLR_BENCH_WAVE_ROWS", show_envvar=True,
              show_default=True, help="Lignes de la vague.")  # fmt: skip
@click.option("--sessions", type=click.IntRange(1, 2), default=2, envvar="GLR_BENCH_WAVE_SESSIONS", show_envvar=True,
              show_default=True, help="Sessions de robot à la fois.")  # fmt: skip
@click.option("--minutes", type=click.IntRange(1), envvar="GLR_BENCH_WAVE_MINUTES", show_envvar=True,
              help="Arrêter après ce temps de travail, et juger ce qui est fait ; sinon, toute la vague.")  # fmt: skip
@options.as_json
def migration_wave(rows: int, sessions: int, minutes: int | None, json_: bool) -> None:  # noqa: FBT001
    """Vague de mutations à sa taille réelle sur PROGRES : dossiers par minute, mémoire au fil du temps, oracle et registre."""
    ensure_browser()
    ensure_terminal()
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        settings = options.settings_of(Path(folder) / "workspace")
        measured = WaveBench(settings=settings, rows=rows, sessions=sessions, minutes=minutes)
        said = measured.run(lambda text: click.echo(text, err=json_))
    for name, values in {"dossiers par minute": said["cases_per_minute"], **said["memory_mb"]}.items():
        click.echo(
            f"{name:20} min {values['min']:9.1f}  médiane {values['median']:9.1f}  max {values['max']:9.1f}", err=json_
        )
    click.echo(f"croissance de la mémoire, Mo (but ≤ {GOAL_MB:.0f}) : {said['growth_mb']}", err=json_)
    click.echo(
        f"{said['done']} lignes sur {said['rows']}, écarts avec l'oracle : {said['oracle_mismatches']}", err=json_
    )
    click.echo(f"registre de PROGRES : {said['ledger']} ; programmes relancés : {said['restarts']}", err=json_)
    if json_:
        click.echo(json.dumps(said))
    if not said["reached"]:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _show_engine(said: dict[str, Any], *, err: bool) -> None:
    for name, values in said["jobs_per_cpu_second"].items():
        click.echo(
            f"{name:22} min {values['min']:9.0f}  médiane {values['median']:9.0f}  max {values['max']:9.0f}", err=err
        )
    for name, ratio in said["ratio_jobs_per_cpu_second"].items():
        goal = f" (but × {said['goals'][name]})" if name in said["goals"] else ""
        text = said["absent"].get(name.removesuffix("_best"), "") if ratio is None else f"× {ratio}{goal}"
        click.echo(f"{name:22} {text}", err=err)
    start = said["start_latency_ms"]
    click.echo(
        f"prêt → commencé : médiane {start['median']} ms, 95 % {start['p95']} ms, max {start['max']} ms", err=err
    )
    click.echo(f"pages lues par une prise : {said['claim_pages']}", err=err)


def _through_the_engine(cases: int, rounds: int, json_: bool) -> dict[str, Any]:  # noqa: FBT001
    ensure_browser()
    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder:
        measured = Suites(settings=options.settings_of(Path(folder)), cases=cases, rounds=rounds)
        return suites.report(measured.measure(lambda text: click.echo(text, err=json_)))
