"""Settings that every floor reads: where things are kept, and in which currency."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What `GOODFAITH_*` environment variables, or a file `.env`, may set."""

    model_config = SettingsConfigDict(env_prefix="GOODFAITH_", env_file=".env", extra="ignore")

    #: Folder for everything that Goodfaith keeps by itself.
    home: Path = Path("goodfaith-data")
    #: Where events and assessments are stored; empty means a SQLite file in `home`.
    database_url: str = ""
    #: Where MLflow keeps runs and models; empty means a SQLite file in `home`.
    mlflow_uri: str = ""
    #: The one currency of the store and of files read without it (ISO 4217).
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    #: What decides, with a merchant's name, whether it is let in by lot: 16 characters or more, secret and unchanged.
    #: Without it nobody is.
    exploration_salt: Annotated[SecretStr, Field(min_length=16)] | None = None
    #: The API key with which `simulate --to` sends events to a running service.
    key: SecretStr = SecretStr("")

    #: A folder of policy files that take the place of the shipped ones; a running service follows what changes there.
    policies: Path | None = None

    #: The broker from which `consume` takes events.
    broker_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")

    #: Where notifications go: `https://...`, `redis://HOST:PORT/0?stream=NAME` or `file:///...`; empty means nowhere.
    notify_url: SecretStr = SecretStr("")
    #: The secret by which notifications over HTTP are signed.
    notify_secret: SecretStr = SecretStr("")

    #: Days after which what challengers thought, and would have decided, is dropped; a label takes up to 120 to mature.
    shadow_days: int = Field(default=400, ge=1, le=36_500)

    #: Years after which `goodfaith retention` drops decisions and audit entries; nothing goes while it is not set. The
    #: law asks for three (E-commerce Law of the PRC, article 31).
    records_years: Annotated[int, Field(ge=3, le=100)] | None = None

    #: Whether the nightly look at drift goes back to the champion before by itself where that was shown to rank better.
    roll_back_by_itself: bool = False

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'goodfaith.db'}"

    @property
    def mlflow(self) -> str:
        """The MLflow tracking and registry URI in force."""
        return self.mlflow_uri or f"sqlite:///{self.home / 'mlflow.db'}"
