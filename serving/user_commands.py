"""`goodfaith users`: who may use the console."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.settings import Settings

if TYPE_CHECKING:
    from serving.people import People, User

__all__ = ["people"]

people = typer.Typer(help="Who may use the console.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@people.command()
def add(
    name: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[str, typer.Option(help="What they are: reviewer, senior, admin.")],
    as_json: AsJson = False,
) -> None:
    """Let somebody use the console, and print their password, this once only."""
    from serving.people import ROLES, User, make_password
    from serving.record.audit import COMMAND_LINE

    if role not in ROLES:
        raise typer.BadParameter(f"{role!r} is no role; there are {', '.join(ROLES)}", param_hint="--role")
    if not name.strip() or name != name.strip() or ":" in name:
        raise typer.BadParameter("a name has letters in it, no spaces around it and no colon", param_hint="NAME")
    password = make_password()
    with _store() as store:
        store.add(User(name=name, role=role, created_at=datetime.now(UTC)), password=password, by=COMMAND_LINE)
    if as_json:
        typer.echo(json.dumps({"name": name, "password": password}, ensure_ascii=False))
    else:
        typer.echo(f"{password}\nThis is the only time that the password of {name} is shown; keep it safe.")


@people.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List everybody who may use the console."""
    with _store() as store:
        rows = [_plain(user) for user in store.all()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        locked = f"  locked until {row['locked_until']}" if row["locked_until"] else ""
        typer.echo(f"{row['name']}  {row['role']}  {row['created_at']}{locked}")


@contextmanager
def _store() -> Iterator["People"]:
    from serving.people import People
    from serving.store import opened

    with opened(Settings().database) as engine:
        yield People(engine)


def _plain(user: "User") -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "created_at": user.created_at.isoformat(timespec="seconds"),
        "locked_until": user.locked_until.isoformat(timespec="seconds") if user.locked_until else None,
    }
