"""Faults, by rate from a seed and by plan from `faults.json`."""

import hashlib
import json
import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sandbox.db import Store
from sandbox.errors import BadOptionError

ACT_FAULTS = frozenset({"before", "after", "drop", "slow", "alter"})
PAGE_FAULTS = frozenset({"error", "expiry", "degraded", "stale_date"})
LOGIN_FAULTS = frozenset({"refused"})
ANY_FAULTS = frozenset({"latency"})
#: Where an act is sent.
_ACTS = frozenset({"/avances", "/annulations", "/regularisations", "/retours", "/documents", "/recuperations"})
GREEN_FAULTS = frozenset({"cut", "lock"})
KINDS = ACT_FAULTS | PAGE_FAULTS | LOGIN_FAULTS | ANY_FAULTS | GREEN_FAULTS


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Share of requests (0..1) that get each fault, and the latency range in milliseconds."""

    shares: dict[str, float] = field(default_factory=dict)
    latency_ms: tuple[float, float] = (0.0, 0.0)
    slow_seconds: float = 3.0
    seed: int = 1

    @classmethod
    def parse(cls, text: str, seed: int) -> "Rates":
        """Read `before=0.05,after=0.05,latency=0:30`; an unknown word is an error that names the known ones."""
        words = dict(word.partition("=")[::2] for word in text.split(",") if word)
        try:
            low, _, high = words.pop("latency", "0").partition(":")
            slow_seconds = float(words.pop("slow_seconds", "3"))
            shares = {kind: float(share) for kind, share in words.items()}
            latency = (float(low), float(high or low))
        except ValueError:
            raise BadOptionError(f"--faults {text}: expected e.g. before=0.05,latency=0:30") from None
        if unknown := set(shares) - KINDS:
            raise BadOptionError(f"--faults: unknown {', '.join(sorted(unknown))}; known: {', '.join(sorted(KINDS))}")
        return cls(shares=shares, latency_ms=latency, slow_seconds=slow_seconds, seed=seed)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the choice of a fault may look at."""

    method: str
    path: str
    stop: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """The faults that make sense on this request."""
        if self.path == "/connexion":
            return ANY_FAULTS | LOGIN_FAULTS
        is_act = self.method == "POST" and self.path in _ACTS
        return ANY_FAULTS | PAGE_FAULTS | (ACT_FAULTS if is_act else frozenset())


class GreenRequest(Request):
    """A key pressed on a screen of PROGRES: the method is the key, the path the screen's code."""

    @property
    def kinds(self) -> frozenset[str]:
        """The faults that make sense on this key: the act is PF5 on a page that asks to confirm."""
        if self.path == "PGC0":
            return ANY_FAULTS | LOGIN_FAULTS | GREEN_FAULTS
        is_act = self.method == "PF5" and self.path in {"PGN2", "PGT3"}
        acts = frozenset({"before", "after", "drop", "slow"}) if is_act else frozenset()
        return ANY_FAULTS | GREEN_FAULTS | frozenset({"error", "expiry", "degraded"}) | acts


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The faults chosen for one request."""

    kinds: frozenset[str] = frozenset()
    latency_s: float = 0.0
    slow_s: float = 0.0
    #: How long a keyboard stays locked.
    lock_s: float = 0.0

    def __contains__(self, kind: str) -> bool:
        """Whether this fault was chosen."""
        return kind in self.kinds


class Faults:
    """Chooses the faults of one application."""

    def __init__(self, application: str, rates: Rates, path: Path, store: Store) -> None:
        self._application = application
        self._rates = rates
        self._random = random.Random(f"{rates.seed}/{application}")
        self._path = path
        self._store = store
        self._version = 0
        self._targets: list[dict[str, Any]] = []

    def plan(self, request: Request) -> Planned:
        """The faults of this request: those drawn and those that `faults.json` asks for."""
        drawn = {kind for kind in sorted(self._rates.shares) if self._draws(kind, request)}
        latency = self._random.uniform(*self._rates.latency_ms) / 1000
        slow = self._rates.slow_seconds
        for target in self._due_targets(request):
            drawn.add(target["fault"])
            latency += target.get("ms", 0) / 1000
            slow = target.get("seconds", slow)
        waits = {f"{kind}_s": slow for kind in ("slow", "lock") if kind in drawn}
        return Planned(kinds=frozenset(drawn), latency_s=latency, **waits)

    def _draws(self, kind: str, request: Request) -> bool:
        return kind in request.kinds and self._random.random() < self._rates.shares[kind]

    def _due_targets(self, request: Request) -> list[dict[str, Any]]:
        self._refresh()
        return [one for number, one in enumerate(self._targets) if _hits(one, request) and self._spend(number, one)]

    def _spend(self, number: int, target: dict[str, Any]) -> bool:
        """Count one use of a target, in the store, so that a restart does not count again from nothing."""
        if target.get("times") is None:
            return True
        key = hashlib.sha256(f"{self._version}/{number}/{json.dumps(target)}".encode()).hexdigest()
        used = self._store.one("SELECT fois FROM panne_servie WHERE cle = ?", key)
        count = used[0] if used else 0
        if count >= target["times"]:
            return False
        self._store.run("INSERT OR REPLACE INTO panne_servie (cle, fois) VALUES (?, ?)", key, count + 1)
        return True

    def _refresh(self) -> None:
        version = self._path.stat().st_mtime_ns if self._path.exists() else 0
        if version == self._version:
            return
        try:
            plan = json.loads(self._path.read_text("utf-8")) if version else {}
            self._targets = [one for one in plan.get(self._application, []) if one["fault"] in KINDS]
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # half written: the next request reads it again
        self._version = version


def _hits(target: dict[str, Any], request: Request) -> bool:
    return (
        target["fault"] in request.kinds
        and fnmatchcase(f"{request.method} {request.path}", target.get("on") or "*")
        and target.get("stop") in (None, request.stop)
    )
