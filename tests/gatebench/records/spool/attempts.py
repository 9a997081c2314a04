"""Owners and attempts to test with."""

from collections.abc import Callable

from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking._tracking_service.registry import TrackingStoreRegistry

from gatebench.errors import UserError
from gatebench.records.owner import Owner

OWNER = Owner("owner0", "machine", 12)
FIRST, SECOND, THIRD = "00000000000a", "00000000000b", "00000000000c"


def message_of(read: Callable[[], object]) -> str:
    """Return the message with which something is refused; "" if it is not refused."""
    try:
        read()
    except UserError as error:
        return str(error)
    return ""


def forget_connections(uri: str) -> None:
    """Close MLflow's connections to a database, as the end of the process does."""
    engine = SqlAlchemyStore._engine_map.pop(uri, None)
    if engine is not None:
        engine.dispose()
    TrackingStoreRegistry._get_store_with_resolved_uri.cache_clear()
