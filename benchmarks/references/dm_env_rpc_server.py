"""One of Gymnasium's environments behind dm_env_rpc's protocol, served as its documentation shows.

python -m benchmarks.references.dm_env_rpc_server ENV_ID
"""

import contextlib
import signal
import sys
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import gymnasium
import numpy as np
from dm_env_rpc.v1 import dm_env_rpc_pb2, dm_env_rpc_pb2_grpc, tensor_spec_utils, tensor_utils

from benchmarks.local import make

_ACTION, _OBSERVATION, _REWARD = 1, 1, 2


class Environments(dm_env_rpc_pb2_grpc.EnvironmentServicer):
    """An environment for each stream; requests to it are answered one by one, in order."""

    def Process(self, requests: Any, _context: Any) -> Iterator[Any]:  # noqa: N802 - the protocol's name
        """The answer to each request of one stream."""
        with contextlib.closing(make(sys.argv[1])) as env:
            world = World(env)
            for request in requests:
                kind = request.WhichOneof("payload")
                answer = getattr(world, kind)(getattr(request, kind))
                response = dm_env_rpc_pb2.EnvironmentResponse()
                getattr(response, kind).CopyFrom(answer)
                yield response


class World:
    """The one world of a stream; a method for each request that the adaptor sends, named as it is in the protocol."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = env
        self._has_ended = True
        self._specs = _specs(env)

    def create_world(self, _request: Any) -> Any:
        """There is one."""
        return dm_env_rpc_pb2.CreateWorldResponse(world_name="world")

    def join_world(self, _request: Any) -> Any:
        """What goes in and comes out."""
        return dm_env_rpc_pb2.JoinWorldResponse(specs=self._specs)

    def leave_world(self, _request: Any) -> Any:
        """Nothing is kept for those who come back."""
        return dm_env_rpc_pb2.LeaveWorldResponse()

    def reset(self, _request: Any) -> Any:
        """The next step begins an episode."""
        self._has_ended = True
        return dm_env_rpc_pb2.ResetResponse(specs=self._specs)

    def step(self, request: Any) -> Any:
        """The step; after the end of an episode the first observation of the next, whatever the action."""
        reward = 0.0
        if self._has_ended:
            observation, _ = self._env.reset()
            self._has_ended = False
        else:
            action = tensor_utils.unpack_tensor(request.actions[_ACTION])
            observation, given, terminated, truncated, _ = self._env.step(int(action))
            reward, self._has_ended = float(given), terminated or truncated
        running, ended = dm_env_rpc_pb2.EnvironmentStateType.RUNNING, dm_env_rpc_pb2.EnvironmentStateType.TERMINATED
        response = dm_env_rpc_pb2.StepResponse(state=ended if self._has_ended else running)
        values = {_OBSERVATION: observation, _REWARD: np.float64(reward)}
        for uid in request.requested_observations:
            response.observations[uid].CopyFrom(tensor_utils.pack_tensor(values[uid]))
        return response


def _specs(env: gymnasium.Env[Any, Any]) -> Any:
    """The environment's spaces as the protocol describes them; the action is a number from 0."""
    assert isinstance(env.action_space, gymnasium.spaces.Discrete)  # noqa: S101 - narrows; the benchmarks have no other
    assert isinstance(env.observation_space, gymnasium.spaces.Box)  # noqa: S101 - as above
    specs = dm_env_rpc_pb2.ActionObservationSpecs()
    action, observation, reward = specs.actions[_ACTION], specs.observations[_OBSERVATION], specs.observations[_REWARD]
    action.name, action.dtype = "action", dm_env_rpc_pb2.DataType.INT64
    tensor_spec_utils.set_bounds(action, minimum=0, maximum=int(env.action_space.n) - 1)
    observation.name = "observation"
    observation.dtype = tensor_utils.np_type_to_data_type(env.observation_space.dtype)
    observation.shape.extend(env.observation_space.shape)
    reward.name, reward.dtype = "reward", dm_env_rpc_pb2.DataType.DOUBLE
    return specs


def main() -> None:
    """Serves on a free port, which it prints."""
    unbounded = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(), options=unbounded)
    dm_env_rpc_pb2_grpc.add_EnvironmentServicer_to_server(Environments(), server)
    port = server.add_secure_port("localhost:0", grpc.local_server_credentials())
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=None))
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
