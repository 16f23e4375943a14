"""`goodfaith audit`: whether the record of who did what is what was written."""

import typer

from features.settings import Settings

__all__ = ["audit"]

audit = typer.Typer(help="The record of who did what.", no_args_is_help=True)


@audit.callback()
def _group() -> None:
    # With one command only, Typer would drop the group's name.
    pass


@audit.command()
def verify() -> None:
    """Check the audit chain and the decisions that it seals; exit 1 names the first one that was tampered with."""
    from features.database import reading
    from serving import audit as chain
    from serving import decisions
    from serving.errors import AuditBroken
    from serving.store import opened
    from serving.store_audit import newest

    with opened(Settings().database) as engine, reading(engine) as tx:
        bad, altered, last = chain.verify(tx), decisions.altered(tx), newest(tx)
    if bad is not None:
        raise AuditBroken(f"entry {bad} of the audit chain is not what was written, or one before it is gone")
    if altered is not None:
        raise AuditBroken(f"the decision {altered} is not what the audit chain has sealed")
    typer.echo(f"The audit chain is whole: {last.seq if last else 0} entries.")
