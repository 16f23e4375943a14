"""A Spark session: on this machine and its loopback address, or on the cluster that is set."""

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features.errors import SparkFailed, SparkUnavailable

__all__ = ["HERE", "ROWS_PER_MESSAGE", "spark_session"]

#: On this machine, on all its cores.
HERE = "local[*]"

#: How many rows go between Spark and Python at a time.
ROWS_PER_MESSAGE = 100_000

_NEEDED = "--engine spark needs pyspark and Java: install goodfaith[spark] and a Java 17 runtime"

#: Nothing may hang on where a cluster is, or on what its tables look like elsewhere.
_EVERYWHERE = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS_PER_MESSAGE),
    "spark.log.level": "ERROR",
}

#: On one machine nobody else need reach the session.
_ON_THIS_MACHINE = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@contextmanager
def spark_session(master: str = HERE) -> Iterator[Any]:
    """A session that ends with the block.

    Raises `SparkUnavailable` where there is none to be had, `SparkFailed` where a task fails within the block.
    """
    try:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException
    except ImportError as error:
        raise SparkUnavailable(_NEEDED) from error
    with TemporaryDirectory(prefix="goodfaith-spark-") as folder, warnings.catch_warnings():
        # What does not work with it is `pyspark.pandas`, which nothing here touches.
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        session = _started(master, Path(folder))
        try:
            yield session
        except (PySparkException, Py4JJavaError) as error:
            raise SparkFailed(f"A task on Spark failed: {_reason(str(error))}") from error
        finally:
            session.stop()


def _started(master: str, folder: Path) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    if not _has_java():
        raise SparkUnavailable(_NEEDED)
    # Tasks run on the interpreter that this runs on, unless somebody says which one the cluster has.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("goodfaith")
    local = master.startswith("local")
    if local:
        os.environ.setdefault("SPARK_LOCAL_IP", _ON_THIS_MACHINE["spark.driver.bindAddress"])
    kept = {"spark.local.dir": str(folder), "spark.sql.warehouse.dir": str(folder / "warehouse")}
    for name, value in (_EVERYWHERE | (_ON_THIS_MACHINE | kept if local else {})).items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise SparkUnavailable(f"Spark does not start ({_reason(str(error))}). {_NEEDED}") from error


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return (Path(home) / "bin" / "java").is_file() if home else shutil.which("java") is not None


def _reason(message: str) -> str:
    """The line of a traceback that says what is wrong: ours where there is one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    ours = [line.partition(": ")[2] for line in lines if line.startswith("features.")]
    return (ours or lines or ["no reason given"])[0]
