// What the actions of well-known environments are called, and the keys that everybody would try for them.

const ARROWS = { Left: "ArrowLeft", Right: "ArrowRight", Up: "ArrowUp", Down: "ArrowDown" };

/** By the beginning of the environment's id: the actions from the first on, each with a key, if not one of the arrows. */
const KNOWN = [
  ["FrozenLake", ["Left", "Down", "Right", "Up"]],
  ["CliffWalking", ["Up", "Right", "Down", "Left"]],
  ["Taxi", ["Down", "Up", "Right", "Left", ["Pick up", "p"], ["Drop off", "d"]]],
  ["Blackjack", [["Stick", "s"], ["Hit", "h"]]],
  ["CartPole", ["Left", "Right"]],
  ["MountainCar-", ["Left", ["Coast", "ArrowDown"], "Right"]],
  ["Acrobot", ["Left", ["Rest", "ArrowDown"], "Right"]],
  ["LunarLander", [["Nothing", "ArrowDown"], ["Left engine", "ArrowLeft"], ["Main engine", "ArrowUp"], ["Right engine", "ArrowRight"]]],
  ["MiniGrid-", ["Left", "Right", ["Forward", "ArrowUp"], ["Pick up", "p"], ["Drop", "d"], ["Toggle", "t"], ["Done", "Enter"]]],
  ["BabyAI-", ["Left", "Right", ["Forward", "ArrowUp"], ["Pick up", "p"], ["Drop", "d"], ["Toggle", "t"], ["Done", "Enter"]]],
];

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "⏎" };
const OTHERS = "0123456789abcdefghijklmnopqstuvwxyz"; // r resets

/** For each action of a Discrete space its value, name, key and the sign for its key; what nobody knows is numbered. */
export function namedActions(envId, { n, start }) {
  const known = KNOWN.find(([beginning]) => envId.startsWith(beginning))?.[1] ?? [];
  const isWhole = known.length === n;
  return Array.from({ length: n }, (_, index) => {
    const given = isWhole ? known[index] : null;
    const [name, key] = Array.isArray(given) ? given : [given, ARROWS[given]];
    const ownKey = key ?? OTHERS[index] ?? null;
    return { value: start + index, name: name ?? String(start + index), key: ownKey, sign: SIGNS[ownKey] ?? ownKey };
  });
}
