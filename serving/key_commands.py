"""`goodfaith keys`: who may call the API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.settings import Settings
from serving.auth import SCOPES, ApiKey, fingerprint, make_key
from serving.ingest.feeds import RIGHTS, types_named

if TYPE_CHECKING:
    from serving.store import KeyStore

__all__ = ["May", "keys", "listed_types"]

keys = typer.Typer(help="Who may call the API.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
May = Annotated[
    list[str] | None,
    typer.Option(
        "--may",
        help=f"What kinds of events it may write: {', '.join(RIGHTS)}, or the name of an event type; may be repeated. "
        "Without it all may be written, rulings and reversals too.",
    ),
]


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is; for people.")],
    scope: Annotated[list[str], typer.Option("--scope", help=f"What it may do: {', '.join(SCOPES)}. May be repeated.")],
    may: May = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, this once only."""
    from serving.record.audit import COMMAND_LINE

    if may and "events:write" not in scope:
        raise typer.BadParameter("only a key with the scope events:write writes events", param_hint="--may")
    made = make_key()
    key = ApiKey(
        id=made.id,
        name=name,
        hash=fingerprint(made.key),
        scopes=_scopes(scope),
        created_at=datetime.now(UTC),
        event_types=listed_types(may),
    )
    with _store() as store:
        store.add(key, by=COMMAND_LINE)
    if as_json:
        typer.echo(json.dumps({"id": made.id, "key": made.key}))
    else:
        typer.echo(f"{made.key}\nThis is the only time that the key {made.id} is shown; keep it safe.")


def _scopes(named: list[str]) -> tuple[str, ...]:
    unknown = [one for one in named if one not in SCOPES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no scope; there are {', '.join(SCOPES)}", param_hint="--scope")
    return tuple(one for one in SCOPES if one in named)


def listed_types(may: list[str] | None) -> tuple[str, ...] | None:
    """The types of events that `--may` lists, None where all may be written. Raises `typer.BadParameter`."""
    if not may:
        return None
    try:
        return types_named(may)
    except KeyError as unknown:
        told = f"{unknown.args[0]!r} is no event type and no right; there are {', '.join(RIGHTS)}"
        raise typer.BadParameter(told, param_hint="--may") from unknown


@keys.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List every key ever made, without its secret."""
    with _store() as store:
        rows = [_plain(key) for key in store.all()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else "in use"
        listed = "" if row["event_types"] is None else f"  may write {' '.join(row['event_types'])}"
        typer.echo(f"{row['id']}  {row['created_at']}  {state}  {' '.join(row['scopes'])}  {row['name']}{listed}")


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")]) -> None:
    """Let a key open nothing from now on."""
    from serving.record.audit import COMMAND_LINE

    with _store() as store:
        store.revoke(key_id, now=datetime.now(UTC), by=COMMAND_LINE)
    typer.echo(f"The key {key_id} is revoked.")


@contextmanager
def _store() -> Iterator["KeyStore"]:
    from serving.store import KeyStore, opened

    with opened(Settings().database) as engine:
        yield KeyStore(engine)


def _plain(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "event_types": None if key.event_types is None else list(key.event_types),
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "revoked_at": key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None,
    }
