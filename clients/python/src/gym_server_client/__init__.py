"""Environments of a gym-server as Gymnasium's own: `RemoteEnv`, `RemoteVectorEnv`, and their entries in the registry.

To import it is to register `gym_server_client/Remote-v0` for `gymnasium.make` and `gymnasium.make_vec`.
"""

import gymnasium

from gym_server_client.asynchronous import AsyncClient, AsyncEnv
from gym_server_client.environment import RemoteEnv
from gym_server_client.errors import (
    BadRequest,
    DeadlineExceeded,
    EnvironmentFailed,
    Forbidden,
    InstanceGone,
    InvalidAction,
    InvalidField,
    LimitReached,
    RemoteError,
    ResetNeeded,
    ServerUnreachable,
    ShuttingDown,
    Unauthorized,
    UnknownEnvironment,
    UnknownInstance,
    Unsupported,
    WorkerCrashed,
)
from gym_server_client.transport import Patience, Transport, TransportName
from gym_server_client.vector import RemoteVectorEnv

__all__ = [
    "AsyncClient",
    "AsyncEnv",
    "BadRequest",
    "DeadlineExceeded",
    "EnvironmentFailed",
    "Forbidden",
    "InstanceGone",
    "InvalidAction",
    "InvalidField",
    "LimitReached",
    "Patience",
    "RemoteEnv",
    "RemoteError",
    "RemoteVectorEnv",
    "ResetNeeded",
    "ServerUnreachable",
    "ShuttingDown",
    "Transport",
    "TransportName",
    "Unauthorized",
    "UnknownEnvironment",
    "UnknownInstance",
    "Unsupported",
    "WorkerCrashed",
]

gymnasium.register(
    "gym_server_client/Remote-v0",
    entry_point="gym_server_client.environment:RemoteEnv",
    vector_entry_point="gym_server_client.vector:RemoteVectorEnv",
)
