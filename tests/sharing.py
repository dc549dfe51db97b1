"""How workers share the tests of `make test`: the first one the browser's modules, the others the rest, long ones first.

So one stack with one browser runs, not one for each worker, and no long module is begun when all else is done. Who
has nothing left of their own helps with what others have left.
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser/"
#: Modules that start processes of their own or let many threads race: they take minutes, however few their tests.
LONG = ("tests/faults/", "tests/stack/", "tests/flows/", "tests/races/")


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole modules."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0]

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(self._next(by_the_first=node is self.nodes[0]), last=False)
        super()._assign_work_unit(node)

    def _next(self, *, by_the_first: bool) -> str:
        """Return the module that a worker takes next."""
        return max(
            self.workqueue,
            key=lambda module: (
                module.startswith(BROWSER) == by_the_first,
                module.startswith(LONG),
                len(self.workqueue[module]),
            ),
        )
