"""The call ``cancel.json`` of a node, which cancels jobs of every node."""

from typing import Any

from scrapyd.webservice import WsResource
from twisted.internet.defer import ensureDeferred
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.error import Error
from twisted.web.server import NOT_DONE_YET

from category_crawler.cluster.queue import State

_SIGNALS = (b"INT", b"KILL")


class ClusterCancel(WsResource):
    """Cancels a job wherever it waits or runs, without keeping Scrapyd waiting for the engine."""

    def render(self, txrequest: Any) -> Any:
        if txrequest.method != b"POST" or _fault_in(txrequest):
            return super().render(txrequest)
        job = txrequest.args[b"job"][0].decode(errors="replace")
        signal = txrequest.args.get(b"signal", [b"INT"])[0].decode()
        gone: list[Failure] = []
        txrequest.notifyFinish().addErrback(gone.append)

        def answer(result: State | Failure | None) -> None:
            txrequest.result = result
            if not gone:
                txrequest.write(super(ClusterCancel, self).render(txrequest))
                txrequest.finish()

        ensureDeferred(self.root.poller.cancel(job, signal)).addBoth(answer)
        return NOT_DONE_YET

    def render_POST(self, txrequest: Any) -> dict[str, Any]:  # noqa: N802, Twisted's name
        if fault := _fault_in(txrequest):
            raise Error(http.OK, fault)
        if isinstance(txrequest.result, Failure):
            txrequest.result.raiseException()
        return {"prevstate": txrequest.result}


def _fault_in(txrequest: Any) -> bytes:
    """What is wrong with a request; empty if nothing is."""
    if b"job" not in txrequest.args:
        return b"'job' parameter is required"
    signal = txrequest.args.get(b"signal", [b"INT"])[0]
    return b"" if signal in _SIGNALS else b"signal must be INT or KILL"
