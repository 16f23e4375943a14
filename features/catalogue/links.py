"""Links: whom the merchant shares an account, a phone, a device, an address or a legal entity with.

None is a model input: a link alone may be refuted, and costs at most a band.
"""

from features.catalogue.feature import Feature, Total, Windowed
from features.links import MOST_WITH
from features.measures import Crossed, Measure

__all__ = ["FEATURES"]

#: Kind of token -> its words for people.
_KINDS = {
    "bank_account": ("bank account", "银行账户"),
    "phone": ("phone", "电话"),
    "device": ("device", "设备"),
    "address": ("address", "地址"),
    "legal_entity": ("legal entity", "法人主体"),
}


def _linked(of: str) -> Measure:
    return Measure(source=Crossed(by="links", of=of))


def _by_kind(kind: str, number: int) -> Feature:
    words, words_zh = _KINDS[kind]
    return Feature(
        name=f"n_linked_by_{kind}",
        shows=f"n_linked_by_{kind}",
        meaning=f"other merchants seen with the same {words}, unless it is known of more than {MOST_WITH[kind]}",
        formula=Total(of=_linked(f"merchants:{kind}")),
        unit="count",
        riskier="higher",
        reason=f"R{341 + number}",
        text=f"Shares the {words} of {{value:,}} other merchants.",
        text_zh=f"与 {{value:,}} 家其他商家共用{words_zh}。",
        text_none=f"Shares its {words} with nobody.",
        text_none_zh=f"没有与其他商家共用{words_zh}。",
    )


FEATURES: tuple[Feature, ...] = (
    Feature(
        name="n_linked_merchants",
        shows="n_linked_merchants",
        meaning="other merchants seen with the same bank account, phone, device, address or legal entity (each once; "
        "a phone, device or address known of more than 10 merchants, or an account or entity of more than 200, links "
        "nobody)",
        formula=Total(of=_linked("merchants")),
        unit="count",
        riskier="higher",
        reason="R340",
        text="Shares an account, phone, device, address or legal entity with {value:,} other merchants.",
        text_zh="与 {value:,} 家其他商家共用账户、电话、设备、地址或法人主体。",
        text_none="Is linked to no other merchant.",
        text_none_zh="与其他商家没有关联。",
    ),
    *(_by_kind(kind, number) for number, kind in enumerate(_KINDS)),
    Feature(
        name="n_linked_removed",
        shows="n_linked_removed",
        meaning="linked merchants that were removed and not reinstated since",
        formula=Total(of=_linked("removed")),
        unit="count",
        riskier="higher",
        cause="platform",
        reason="R346",
        text="Is linked to {value:,} merchants that were removed.",
        text_zh="与 {value:,} 家已被清退的商家有关联。",
        text_none="Is linked to no merchant that was removed.",
        text_none_zh="没有与被清退的商家关联。",
    ),
    *Windowed(
        name="n_linked_fakes_confirmed",
        meaning="fakes confirmed at linked merchants",
        formula=Total(of=_linked("fakes")),
        unit="count",
        riskier="higher",
        reason="R347",
        text="Fakes were confirmed {value:,} times at linked merchants in the last {days} days.",
        text_zh="近 {days} 天内，关联商家有 {value:,} 次售假经核实。",
        text_none="No fakes were confirmed at linked merchants.",
        text_none_zh="关联商家没有经核实的售假。",
        windows=(90, 365),
    ),
    *Windowed(
        name="n_linked_registered",
        meaning="linked merchants that registered in the window",
        formula=Total(of=_linked("registered")),
        unit="count",
        riskier="higher",
        reason="R348",
        text="{value:,} linked merchants registered in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 家关联商家注册。",
        text_none="No linked merchant registered lately.",
        text_none_zh="近期没有关联商家注册。",
        windows=(30, 90),
    ),
)
