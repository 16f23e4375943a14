"""What callers send and get where a complaint comes in (contracts 3.4)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from serving.schemas import Cents, Id, Sent, Told, Word

__all__ = ["ComplaintAnswer", "ComplaintBody"]

Channel = Literal["app", "phone", "chat", "mail", "social", "12315", "consumer_association", "court"]


class ComplaintBody(Sent):
    """A complaint about a merchant, with what the sender knows of it; the rest is found out."""

    complaint_id: Id | None = Field(None, description="The sender's own id, once per merchant; one is made without")
    merchant_id: Id
    order_id: Id | None = None
    buyer_id: Id | None = None
    topic: Word | None = Field(None, description="What it is about, where the sender is sure")
    tier: Literal[1, 2, 3] | None = Field(None, description="1 question, 2 complaint, 3 major case; it may be raised")
    channel: Channel = Field("app", description="Where it came in, such as the regulator's platform 12315")
    region: Word | None = Field(None, description="Where from, such as the city whose authority sends it")
    programme: Word | None = None
    reference: Word | None = Field(None, description="The sender's own number, such as the regulator's")
    amount_cents: Cents | None = Field(None, description="What it is about; our own order's amount goes before it")
    text: Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")] = ""


class ComplaintAnswer(Told):
    """Who deals with a complaint, how grave it is, and by when it is answered and ended."""

    complaint_id: str
    case_id: str
    tier: Literal[1, 2, 3]
    causes: list[str] = Field(description="Why it is as grave as it is")
    topic: str
    topic_by: Literal["caller", "classifier", "words", "nobody"]
    route: str
    answer_by: datetime
    due_at: datetime
    accept_by: datetime | None = Field(description="Where the channel asks for a formal acceptance")
    text: str
    text_zh: str
    policy_version: str
    model_version: str | None = Field(description="The classifier that read the text; null where there is none")
