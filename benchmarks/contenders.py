"""Who is compared in `benchmarks.features`, how each is run, and what a process used."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow.parquet as pq

from benchmarks.peers import duckdb_features, environment
from features.catalogue import CATALOGUE
from features.engine import build_features
from features.log import FileLog

__all__ = ["CONTENDERS", "SUBSET", "Contender", "Cost", "Files", "alone", "answer", "measure"]

#: The columns that not every peer does all of: eight, in each window.
SUBSET = tuple(
    f"{base}_{days}d"
    for base in (
        "n_orders",
        "order_value_cents",
        "n_buyers",
        "late_delivery_rate",
        "mean_hours_late",
        "low_star_rate",
        "mean_stars",
        "return_rate",
    )
    for days in duckdb_features.DAYS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What a contender does, and the peer whose environment it runs in (None: ours).

    `answers` tells whether it writes features of the spine; `exact` whether they must be DuckDB's.
    """

    title: str
    peer: str | None = None
    answers: bool = True
    exact: bool = True


CONTENDERS = MappingProxyType(
    {
        "duckdb": Contender(title="best DuckDB SQL, 2 threads", peer="duckdb"),
        "polars": Contender(title="best Polars, 2 threads", peer="polars"),
        "ours": Contender(title="goodfaith, the same columns"),
        "ours_cli": Contender(title="goodfaith features (whole catalogue)"),
        "pandas": Contender(title=f"pandas, {len(SUBSET)} of the columns", peer="pandas"),
        "ours_subset": Contender(title=f"goodfaith, the same {len(SUBSET)}"),
        "feast_daily": Contender(title="table for Feast: a row a day (DuckDB)", peer="feast", answers=False),
        "feast": Contender(title=f"Feast on it, the same {len(SUBSET)}", peer="feast", exact=False),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The log, the spine, where answers go, the log's currency, and where peers' environments are."""

    log: Path
    spine: Path
    folder: Path
    currency: str
    environments: Path = environment.FOLDER

    def answer(self, contender: str) -> Path:
        """Where a contender writes what it works out."""
        return self.folder / f"{contender}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process used: CPU and wall in seconds, peak resident memory in MB."""

    cpu: float
    wall: float
    peak: float


def command(contender: str, files: Files) -> list[str]:
    """The command line that makes a contender answer."""
    python, out = sys.executable, str(files.answer(contender))
    peer = CONTENDERS[contender].peer
    match contender:
        case "feast_daily":
            arguments = ["daily", files.log, files.spine, out]
        case "feast":
            arguments = ["join", files.answer("feast_daily"), files.spine, out]
        case "ours_cli":
            options = ["--events", str(files.log), "--spine", str(files.spine), "--out", out]
            return [str(Path(python).parent / "goodfaith"), "features", *options]
        case _:
            arguments = [files.log, files.spine, out]
    if peer:
        return environment.command(peer, f"{peer}_features", *arguments, folder=files.environments)
    return [python, "-m", "benchmarks.features", "--answer", contender, *map(str, arguments)]


def measure(contender: str, files: Files) -> Cost | None:
    """Run a contender to its end; None where it could not do the work."""
    line, surroundings = command(contender, files), {**os.environ, "GOODFAITH_CURRENCY": files.currency}
    # Nobody should pay for compiling modules that stay compiled on anybody's machine.
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    surroundings["PYTHONPYCACHEPREFIX"] = str(files.environments / "bytecode")
    return alone(line, surroundings)


def alone(line: Sequence[object], surroundings: Mapping[str, str]) -> Cost | None:
    """Run a command as a process of its own to its end; None where it failed."""
    launched = [sys.executable, "-S", "-c", _LAUNCH, *map(str, line)]
    told = subprocess.run(launched, env=surroundings, stdout=subprocess.PIPE, check=True).stdout
    failed, cpu, wall, peak = json.loads(told)
    return None if failed else Cost(cpu=cpu, wall=wall, peak=peak)


#: Starts a contender, waits for it, and says whether it failed and what it used. A process inherits the peak memory of
#: the one that started it, so that one must be small.
_LAUNCH = """
import json, os, sys, time
started = time.perf_counter()
nothing = os.open(os.devnull, os.O_WRONLY)
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1)])
_, status, used = os.wait4(process, 0)
wall = time.perf_counter() - started
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024]))
"""


def answer(contender: str, log: Path, spine: Path, out: Path) -> None:
    """Be our own contender: work out the contract's columns, or those that pandas does, by the library."""
    names = set(SUBSET if contender == "ours_subset" else duckdb_features.names())
    events = FileLog([log], currency=os.environ["GOODFAITH_CURRENCY"])
    chosen = [feature for feature in CATALOGUE if feature.name in names]
    pq.write_table(build_features(events, pq.ParquetFile(spine).read(), features=chosen), out)
