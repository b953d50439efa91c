// What the live view shows, in words, where it is anything but the picture of now.

/** The sentence for an answer of `/<id>/status`; empty where the picture speaks for itself. */
export function messageFor(status) {
  const last = status.picture ? " This is its last picture." : "";
  if (status.state === null) {
    return `This instance is gone.${last || " It left no picture."}`;
  }
  if (status.state === "crashed") {
    return `This instance has crashed. ${status.crash?.reason ?? ""}${last}`;
  }
  if (status.state === "starting") return "The environment is being built.";
  if (status.render_mode === null) {
    return "This environment cannot be drawn: it was made without a render mode.";
  }
  if (status.picture_error) return `This environment could not be drawn (${status.picture_error}).${last}`;
  if (!status.picture) return "There is no picture yet. The first one appears with the next reset or step.";
  return "";
}
