"""Connecting to a Ray cluster, or starting one that nobody else can reach."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from agnet.environment import environment
from agnet.errors import EvaluationError, InvalidInput

__all__ = ["LOCAL", "connected", "reason", "settings_for"]

LOCAL: Final = "local"
LOOPBACK: Final = "127.0.0.1"
PATIENCE: Final = 10.0  # seconds; Ray itself tries for minutes
LOCAL_ENVIRONMENT: Final = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # so Ray listens on the loopback address alone
    "RAY_USAGE_STATS_ENABLED": "0",
}


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connects this process to a cluster, unless it is connected to one, and leaves it.

    Args:
        address: ``local`` starts one, without dashboard, usage statistics and the workers' output.

    Raises:
        InvalidInput: If there is no cluster at the address.
        EvaluationError: If a cluster of this machine would listen to the network.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    local: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {}
    try:
        _check_reachable(address)
        with environment(settings_for(address)):
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **local)
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInput(
            f"cannot connect to the Ray cluster at {address!r} ({reason(error)}); expected "
            "'local', 'auto' or the HOST:PORT of one that was begun by 'ray start --head'"
        ) from error
    try:
        if address == LOCAL and ray.nodes()[0]["NodeManagerAddress"] != LOOPBACK:
            raise EvaluationError(
                "Ray would listen to the network, because it was imported before: set "
                "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 before that, or connect to a cluster yourself"
            )
        yield
    finally:
        ray.shutdown()


def settings_for(address: str) -> Mapping[str, str]:
    """What Ray is to find in the environment when it is imported, and when it is started."""
    return LOCAL_ENVIRONMENT if address == LOCAL else {}


def _check_reachable(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()


def reason(error: Exception) -> str:
    """The last line of a message, which after a traceback is what went wrong."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1]}" if lines else type(error).__name__
