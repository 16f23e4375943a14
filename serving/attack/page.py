"""The price of cheating as one page without scripts: what is too cheap, a picture of prices and gains, every attack."""

from collections.abc import Sequence
from html import escape

from scoring.cheating import Aim, Cheat, Price, warnings_of
from scoring.wording import money
from serving.attack.ploys import NOBODYS, PLOYS
from serving.console.charts import Place, dots

__all__ = ["page"]

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;margin:1rem 0}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd}
td.n{text-align:right;font-variant-numeric:tabular-nums}.cheap{color:#a40000}svg{width:100%;height:auto}
svg text{font-size:11px;fill:#555}.zh{color:#555}"""

AIMS = {
    Aim.PLACE: "place on trial",
    Aim.FULL_PLACE: "full place",
    Aim.BAND: "band",
    Aim.RIVAL_PLACE: "rival loses place",
    Aim.RIVAL_BAND: "rival falls to band",
    Aim.RIVAL_FLAG: "rival's fakes level",
}


def page(cheats: Sequence[Cheat], *, title: str, notes: Sequence[str]) -> str:
    """The whole page; `notes` say what was attacked, and by which models."""
    told = "".join(f"<p>{escape(note)}</p>" for note in notes)
    body = f"<h1>{escape(title)}</h1>{told}{_warned(cheats)}{_picture(cheats)}{_table(cheats)}{_attacks(cheats)}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _warned(cheats: Sequence[Cheat]) -> str:
    found = warnings_of(cheats)
    if not found:
        return "<p>Nothing is cheaper to cheat for than it is worth.</p>"
    items = "".join(f'<li>{escape(one.text)}<br><span class="zh">{escape(one.text_zh)}</span></li>' for one in found)
    return f"<h2>Cheaper than it is worth</h2><ul>{items}</ul>"


def _picture(cheats: Sequence[Cheat]) -> str:
    """Each gain by what it costs and what it unlocks; under the line cheating does not pay."""
    places = [
        Place(x=one.price.cents / 100, y=one.unlocks_cents / 100, name=f"{one.attack}: {AIMS[one.aim]} {one.goal}")
        for one in cheats
        if one.price
    ]
    if not places:
        return ""
    drawn = dots(places)
    ticks = "".join(
        f'<text x="{at}" y="{drawn.height + 14}" text-anchor="middle">{said}</text>'
        f'<line x1="{at}" x2="{at}" y1="0" y2="{drawn.height}" stroke="#eee"/>'
        f'<text x="-6" y="{drawn.height - at * drawn.height / drawn.width + 4}" text-anchor="end">{said}</text>'
        for at, said in drawn.ticks
    )
    marks = "".join(
        f'<circle cx="{x}" cy="{y}" r="5" fill="{"#c33" if above else "#37b"}" fill-opacity=".55">'
        f"<title>{escape(name)}</title></circle>"
        for x, y, above, name in drawn.marks
    )
    return (
        "<h2>What it costs and what it unlocks</h2>"
        f'<svg viewBox="-70 -10 {drawn.width + 115} {drawn.height + 50}" role="img">'
        f'{ticks}<line x1="0" y1="{drawn.height}" x2="{drawn.width}" y2="0" stroke="#888" stroke-dasharray="4"/>{marks}'
        f'<text x="{drawn.width / 2}" y="{drawn.height + 34}" text-anchor="middle">it costs (log scale)</text>'
        '<text x="6" y="10">it unlocks in a month (log scale)</text></svg>'
        "<p>Red: it pays. Several gains of one attack may lie on each other.</p>"
    )


def _table(cheats: Sequence[Cheat]) -> str:
    head = "<tr><th>attack<th>gains<th>before<th>after<th>things<th>accounts<th>days<th>costs<th>unlocks</tr>"
    rows = "".join(_row(one, one.price) for one in sorted(cheats, key=_order) if one.price)
    return f"<h2>What is possible</h2><table>{head}{rows}</table>"


def _order(one: Cheat) -> tuple[str, int]:
    return one.attack, one.price.cents if one.price else 0


def _row(one: Cheat, price: Price) -> str:
    plain = "".join(
        f"<td>{escape(str(said))}</td>" for said in (one.attack, f"{AIMS[one.aim]} {one.goal}", one.before, one.after)
    )
    figures = (price.things, price.accounts, price.days, money(price.cents), money(one.unlocks_cents))
    cheap = ' class="cheap"' if one.too_cheap else ""
    return f"<tr{cheap}>{plain}{''.join(f'<td class=n>{said}</td>' for said in figures)}</tr>"


def _attacks(cheats: Sequence[Cheat]) -> str:
    """What each attack is, and for how many of its goals it was not possible."""
    rows = ""
    for name in dict.fromkeys(one.attack for one in cheats):
        own = [one for one in cheats if one.attack == name]
        rows += (
            f'<tr><td>{name}</td><td>{escape(PLOYS[name].says)}<br><span class="zh">{PLOYS[name].says_zh}</span></td>'
            f"<td class=n>{sum(one.possible for one in own)} of {len(own)}</td></tr>"
        )
    nobody = f"<p>Nobody's doing, so without a price: {', '.join(NOBODYS)}.</p>"
    return f"<h2>The attacks</h2><table><tr><th>attack<th>what is done<th>goals gained</tr>{rows}</table>{nobody}"
