"""A training run as people read it on the command line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from training.segments import unfair

if TYPE_CHECKING:
    from training.table import About
    from training.train import Proof, Report, Side

__all__ = ["faults", "lines"]


def lines(report: "Report") -> list[str]:
    """The report as people read it."""
    plain: dict[str, Any] = report.plain()
    lines = [
        f"{plain['name']} version {plain['version']}, recipe {plain['recipe']}",
        f"{plain['rows']:,} merchant-months with a mature label, {plain['inputs']} inputs",
    ]
    if report.table:
        lines = _table_lines(report.table, plain)
    if report.faults:
        lines.append(faults(report.faults))
    for proof in report.proofs:
        lines += ["", *_proof_lines(proof, report)]
    return lines


def _table_lines(table: "About", plain: Mapping[str, Any]) -> list[str]:
    unlabelled = f"; {table.unlabelled:,} without one left out" if table.unlabelled else ""
    return [
        f"{table.name}, column {table.label}: run {plain['version']} of {plain['name']}, recipe {plain['recipe']}",
        f"{plain['rows']:,} rows with a label{unlabelled}; {plain['inputs']} inputs from {table.columns} columns",
        *(f"column {name} left out: {why}" for name, why in table.left_out.items()),
        *(f"note: {note}" for note in table.notes),
    ]


def faults(parties: Mapping[str, int]) -> str:
    """Whose fault it was that orders went wrong."""
    told = ", ".join(f"{party} {count:,}" for party, count in parties.items() if count)
    return f"orders that went wrong, by whose fault it was: {told or 'none'}"


def _proof_lines(proof: "Proof", report: "Report") -> list[str]:
    when, tested = "", f"{len(proof.sides['all'].rows):,} rows drawn by lot: not out of time"
    if proof.test_from:
        first, last = proof.train.as_of.min().item(), proof.train.as_of.max().item()
        when = f" of {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        tested = f"{proof.test_from:%Y-%m-%d} to {proof.test_to:%Y-%m-%d}"
    learned = f"split {proof.split}: learned from {len(proof.train):,} rows ({proof.train.bad:,} bad){when}"
    lines = [f"{learned}, tested on {tested}"]
    if proof.overlap:
        lines.append(f"  overlap stated: {proof.overlap}; these figures are kinder than the truth")
    for name, side in proof.sides.items():
        lines += _side_lines(report.titles[name], report.many, side)
    worst = unfair(proof.sides["all"].groups)
    if worst.group:
        lines.append(
            f"  unfair: good {report.many} of {worst.group} refused {worst.ratio:.2f} times as often as others"
        )
    return lines


def _side_lines(title: str, many: str, side: "Side") -> list[str]:
    names = [side.served, *(name for name in side.judged if name != side.served)]
    head = f"  {title}: {side.model.rows:,} rows, {side.model.bad:,} bad"
    head += f", {side.model.merchants:,} {many}" if many != "rows" else ""
    rows = [
        f"    {figure:<22}" + "".join(f"{side.judged[name].figures[figure]!s:<24}" for name in names).rstrip()
        for figure in side.model.figures
    ]
    chance = f"    a perfectly calibrated model would show an ece of about {side.chance:.3f} on so many rows"
    if side.bounds.hidden:
        chance += (
            f"\n    {side.bounds.hidden:,} more rows are of merchants removed before their label: bad were "
            f"{side.bounds.bad_low:.1%} to {side.bounds.bad_high:.1%}, AUC {side.bounds.auc_none:.3f} if none of them "
            f"was, {side.bounds.auc_all:.3f} if all were"
        )
    gain = f"    AUC gain of {side.served} over {side.against} {side.gain}: {side.verdict}"
    return [head, f"    {'':<22}" + "".join(f"{name:<24}" for name in names).rstrip(), *rows, chance, gain]
