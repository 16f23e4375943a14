"""`goodfaith keys`: who may call the API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.settings import Settings
from serving.auth import SCOPES, ApiKey, fingerprint, make_key

if TYPE_CHECKING:
    from serving.store import KeyStore

__all__ = ["keys"]

keys = typer.Typer(help="Who may call the API.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is; for people.")],
    scope: Annotated[list[str], typer.Option("--scope", help=f"What it may do: {', '.join(SCOPES)}. May be repeated.")],
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, this once only."""
    unknown = [one for one in scope if one not in SCOPES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no scope; there are {', '.join(SCOPES)}", param_hint="--scope")
    made = make_key()
    scopes = tuple(one for one in SCOPES if one in scope)
    key = ApiKey(id=made.id, name=name, hash=fingerprint(made.key), scopes=scopes, created_at=datetime.now(UTC))
    with _store() as store:
        store.add(key)
    if as_json:
        typer.echo(json.dumps({"id": made.id, "key": made.key}))
    else:
        typer.echo(f"{made.key}\nThis is the only time that the key {made.id} is shown; keep it safe.")


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
        typer.echo(f"{row['id']}  {row['created_at']}  {state}  {' '.join(row['scopes'])}  {row['name']}")


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")]) -> None:
    """Let a key open nothing from now on."""
    with _store() as store:
        store.revoke(key_id, now=datetime.now(UTC))
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
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "revoked_at": key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None,
    }
