"""Links: whom the merchant shares an account, a phone, a device, an address or a legal entity with."""

from features.catalogue.feature import Feature, Total
from features.measures import Crossed, Measure

__all__ = ["FEATURES"]

_MERCHANTS = Measure(source=Crossed(by="links", of="merchants"))

FEATURES: tuple[Feature, ...] = (
    Feature(
        name="n_linked_merchants",
        shows="n_linked_merchants",
        meaning="other merchants seen with the same bank account, phone, device, address or legal entity",
        formula=Total(of=_MERCHANTS),
        unit="count",
        riskier="higher",
        reason="R340",
        text="Shares an account, phone, device, address or legal entity with {value:,} other merchants.",
        text_zh="与 {value:,} 家其他商家共用账户、电话、设备、地址或法人主体。",
        text_none="Is linked to no other merchant.",
        text_none_zh="与其他商家没有关联。",
    ),
)
