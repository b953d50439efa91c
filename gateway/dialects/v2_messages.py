"""What a client says on a socket: the fields of the REST routes, with an `op`, an `id` of its own and an instance."""

import msgspec
from msgspec import Raw

from gateway.dialects.v2_fields import (
    Count,
    CreateFields,
    Fields,
    InstanceId,
    KeyText,
    ManyResetFields,
    ManyStepFields,
    ResetFields,
    SampleFields,
    StepFields,
)
from protocol.messages import Format, PictureKind, SpaceName


class Create(CreateFields, frozen=True, kw_only=True, tag_field="op", tag="create"):
    """As `POST /v2/envs`."""

    id: Raw
    idempotency_key: KeyText | None = None


class Close(Fields, frozen=True, kw_only=True, tag_field="op", tag="close"):
    """As `DELETE /v2/envs/{id}`."""

    id: Raw
    instance_id: InstanceId


class Kill(Fields, frozen=True, kw_only=True, tag_field="op", tag="kill"):
    """As `POST /v2/envs/{id}/kill`."""

    id: Raw
    instance_id: InstanceId
    idempotency_key: KeyText | None = None


class Reset(ResetFields, frozen=True, kw_only=True, tag_field="op", tag="reset"):
    """As `POST /v2/envs/{id}/reset`."""

    id: Raw
    instance_id: InstanceId
    idempotency_key: KeyText | None = None


class Step(StepFields, frozen=True, kw_only=True, tag_field="op", tag="step"):
    """As `POST /v2/envs/{id}/step`."""

    id: Raw
    instance_id: InstanceId
    idempotency_key: KeyText | None = None


class StepMany(ManyStepFields, frozen=True, kw_only=True, tag_field="op", tag="step_many"):
    """As `POST /v2/step`."""

    id: Raw
    idempotency_key: KeyText | None = None


class ResetMany(ManyResetFields, frozen=True, kw_only=True, tag_field="op", tag="reset_many"):
    """As `POST /v2/reset`."""

    id: Raw
    idempotency_key: KeyText | None = None


class Render(Fields, frozen=True, kw_only=True, tag_field="op", tag="render"):
    """As `GET /v2/envs/{id}/render`; answers `{"media_type", "data"}`, in JSON with data in base64."""

    id: Raw
    instance_id: InstanceId
    kind: PictureKind = "png"


class Sample(SampleFields, frozen=True, kw_only=True, tag_field="op", tag="sample"):
    """As `POST /v2/envs/{id}/{space}/sample`."""

    id: Raw
    instance_id: InstanceId
    space: SpaceName = "action_space"
    idempotency_key: KeyText | None = None


class Fork(Fields, frozen=True, kw_only=True, tag_field="op", tag="fork"):
    """As `POST /v2/envs/{id}/fork`."""

    id: Raw
    instance_id: InstanceId
    count: Count = 1


class Describe(Fields, frozen=True, kw_only=True, tag_field="op", tag="describe"):
    """As `GET /v2/envs/{id}`; without an instance, the socket itself: `{"lease", "lease_grace_s"}`."""

    id: Raw
    instance_id: InstanceId | None = None


AnyMessage = Create | Close | Kill | Reset | Step | StepMany | ResetMany | Render | Sample | Fork | Describe


class Envelope(msgspec.Struct):
    """What can be said of a message that is not one of those."""

    id: Raw = Raw(b"")


decoders: dict[Format, msgspec.json.Decoder[AnyMessage] | msgspec.msgpack.Decoder[AnyMessage]] = {
    "json": msgspec.json.Decoder(AnyMessage),
    "msgpack": msgspec.msgpack.Decoder(AnyMessage),
}
