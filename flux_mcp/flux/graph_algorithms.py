"""Walks over many objects at once, whose cost grows with the number of ties and not with the length of chains."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def downstream(users: Mapping[T, Iterable[T]], starts: Iterable[T], most: int) -> dict[T, tuple[T, ...]]:
    """From which of the starts each node is reached, along `users` and over at least one tie.

    Args:
        users: node → the nodes one tie further down.
        starts: where to begin.
        most: how many starts are remembered of a node; its ties are followed as often and no more.
    """
    reached: dict[T, list[T]] = defaultdict(list)
    for start in starts:
        waiting = [start]
        while waiting:
            for user in users.get(waiting.pop(), ()):
                known = reached[user]
                if start not in known and len(known) < most:
                    known.append(start)
                    waiting.append(user)
    return {node: tuple(known) for node, known in reached.items()}


def components(ties: Mapping[T, Sequence[T]]) -> list[tuple[T, ...]]:
    """The strongly connected components of a graph, those that others lead to first (Tarjan's algorithm).

    Args:
        ties: node → the nodes that it leads to; each node is a key.
    """
    index: dict[T, int] = {}
    low: dict[T, int] = {}
    stack: list[T] = []
    on_stack: set[T] = set()
    found: list[tuple[T, ...]] = []
    for root in ties:
        if root in index:
            continue
        # Frames of our own: a chain of thousands is deeper than Python lets a function call itself.
        frames: list[tuple[T, int]] = [(root, 0)]
        while frames:
            node, position = frames.pop()
            if position == 0:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            else:
                low[node] = min(low[node], low[ties[node][position - 1]])
            for at in range(position, len(ties[node])):
                target = ties[node][at]
                if target not in index:
                    frames += [(node, at + 1), (target, 0)]
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                if low[node] == index[node]:
                    found.append(_cut(stack, node))
                    on_stack.difference_update(found[-1])
    return found


def _cut(stack: list[T], node: T) -> tuple[T, ...]:
    """Take everything off the stack down to a node, that node among it."""
    taken = [stack.pop()]
    while taken[-1] != node:
        taken.append(stack.pop())
    return tuple(reversed(taken))
