"""The slots of a node, which run claimed jobs."""

from typing import Any

from scrapyd.environ import Environment
from scrapyd.interfaces import IPoller

from category_crawler.cluster.membership import CLAIM
from category_crawler.cluster.queue import Message
from category_crawler.daemon.cluster_poller import CLAIM_FIELD, ClusterPoller
from category_crawler.daemon.slots import Slots


class ClusterSlots(Slots):
    """Tells the poller how jobs end; a job that cannot start now goes back to all nodes."""

    def __init__(self, config: Any, app: Any) -> None:
        super().__init__(config, app)
        self._poller: ClusterPoller = app.getComponent(IPoller)
        self._poller.processes, self._poller.max_proc = self.processes, self.max_proc

    def stopService(self) -> Any:  # noqa: N802, Twisted's name
        return super().stopService().addBoth(lambda _: self._poller.farewell())

    def _process_finished(self, result: Any, slot: int) -> None:
        job = self.processes[slot].job
        super()._process_finished(result, slot)
        self._poller.end(job)

    def _put_back(self, job: Message) -> None:
        self._poller.give_back(job["_job"])

    def _refuse(self, job: Message, slot: int, error: Exception) -> None:
        super()._refuse(job, slot, error)
        self._poller.end(job["_job"])


class ClaimEnvironment(Environment):
    """A spider's environment, which holds the claim under which the node runs it."""

    def get_environment(self, message: Message, slot: int) -> dict[str, str]:
        environment: dict[str, str] = super().get_environment(message, slot)
        # Scrapyd makes the command line after it, from what is left of the message.
        return environment | {CLAIM: message.pop(CLAIM_FIELD)}
