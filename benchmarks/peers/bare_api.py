"""Services to compare with: a bare echo of refund requests, and one that runs the model within every request.

`python bare_api.py echo PORT` validates the body and sends it back, and nothing else. `python bare_api.py naive PORT
MODEL FEATURES` looks the merchant's features up in memory, predicts, and explains. Neither checks a key, remembers
anything, or writes to a disk.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Cents = Annotated[int, Field(gt=0)]


class Sent(BaseModel):
    """Exact types, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Buyer(Sent):
    """Who asks."""

    id: Id
    credit: Annotated[int, Field(ge=0, le=1000)] | None = None
    refunds_90d: Count = 0
    orders_90d: Count = 0


class Order(Sent):
    """On what."""

    state: Literal["paid", "shipped", "delivered", "confirmed"]
    paid_cents: Cents


class Refund(Sent):
    """What is asked for."""

    order_id: Id
    merchant_id: Id
    amount_cents: Cents
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    category: Id
    reason: str
    buyer: Buyer
    order: Order | None = None


def echo() -> FastAPI:
    """What a framework costs by itself."""
    app = FastAPI()

    @app.post("/echo")
    async def answer(body: Refund) -> Refund:
        return body

    return app


def naive(model: Path, features: Path) -> FastAPI:
    """The model in the caller's way, as it is often served."""
    from lightgbm import Booster

    booster, rows = Booster(model_file=str(model)), json.loads(features.read_text())
    app = FastAPI()

    @app.post("/echo")
    async def answer(body: Refund) -> dict[str, Any]:
        row = [rows[body.merchant_id]]
        p = booster.predict(row, num_threads=1)[0]
        told = booster.predict(row, pred_contrib=True, num_threads=1)[0]
        return {"p_bad": float(p), "contributions": told.tolist(), "instant": bool(p < 0.1)}

    return app


def main() -> None:
    """Serve until stopped."""
    kind, port, *files = sys.argv[1:]
    app = echo() if kind == "echo" else naive(*map(Path, files))
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
