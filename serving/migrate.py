"""The store's tables, brought to the form that this version needs."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from features.database import reading, writing
from serving.errors import SchemaOutdated

__all__ = ["check_schema", "migrate", "newest_revision", "revision_of"]


def migrate(engine: Engine, *, to: str = "head") -> None:
    """Bring the tables to a revision, by default the newest, in one transaction; nothing that is stored is lost."""
    with as_file(files("serving") / "migrations") as folder, writing(engine) as tx:
        config = _config(str(folder))
        config.attributes["connection"] = tx
        at = revision_of(tx)
        back = at is not None and to != "head" and to in _older(config, at)
        (command.downgrade if back else command.upgrade)(config, to)


def check_schema(engine: Engine) -> None:
    """Make the tables of an empty store; raise `SchemaOutdated` where a store has those of another version."""
    with reading(engine) as tx:
        at, empty = revision_of(tx), not inspect(tx).get_table_names()
    if empty:
        migrate(engine)
    elif at != newest_revision():
        told = f"revision {at}" if at else "no revision of ours"
        raise SchemaOutdated(
            f"this store's tables are of {told}, and this version needs {newest_revision()}: `goodfaith migrate` "
            "brings them there"
        )


def revision_of(tx: Connection) -> str | None:
    """The revision that the tables are of, None where they are of none."""
    return MigrationContext.configure(tx).get_current_revision()


def newest_revision() -> str | None:
    """The revision that this version needs."""
    with as_file(files("serving") / "migrations") as folder:
        return ScriptDirectory.from_config(_config(str(folder))).get_current_head()


def _config(folder: str) -> Config:
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _older(config: Config, at: str) -> set[str]:
    """The revisions before one, and `base`."""
    scripts = ScriptDirectory.from_config(config).iterate_revisions(at, "base")
    return {"base", *(script.revision for script in scripts if script.revision != at)}
