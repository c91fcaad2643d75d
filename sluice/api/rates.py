"""How often something may happen: counted in this process, in bounded memory. Asking costs microseconds and no statement."""

from collections import OrderedDict
from collections.abc import Hashable

from sluice.core import limits


class Meter:
    """A leaky bucket for each key: `most` at once, and as many again in `seconds`. `most` 0: no limit.

    Past METERED keys the one that has been quiet for longest is forgotten: it has drained most.
    """

    def __init__(self, most: float, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self.levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # key -> how full, and when

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until there is room for one more; 0: there is."""
        return max(0.0, self.level(key, now) + 1 - self.most) * self.seconds / self.most if self.most else 0.0

    def add(self, key: Hashable, now: float, amount: int = 1) -> None:
        """`amount` -1 gives a place back."""
        level = self.level(key, now) + amount if self.most else 0.0
        if level <= 0:
            self.levels.pop(key, None)
            return
        self.levels[key] = level, now
        self.levels.move_to_end(key)
        if len(self.levels) > limits.METERED:
            self.levels.popitem(last=False)

    def level(self, key: Hashable, now: float) -> float:
        level, at = self.levels.get(key, (0.0, now))
        return max(0.0, level - max(0.0, now - at) * self.most / self.seconds)
