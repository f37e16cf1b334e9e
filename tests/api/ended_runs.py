"""Runs that have ended, whose files are those of a real one."""

from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.run.writer import Run, publish
from tests.api.services import BODY
from tests.records import MOMENT, product, progress, record, summary


def ended(
    store: Store, user: int, stage: str = "done", *, after: Runner | None = None, at: str = MOMENT
) -> Runner:
    """A runner that ended long ago and keeps 48 rows on disk; of a new collection, or ``after``."""
    if after is None:
        request = StoredRequest(BODY)
        runner = store.runners.add_collection(user, "Lamps", request, ["of the request"])
    else:
        again = store.runners.add_again(after, 1, lambda: None, lambda _: None)
        assert again is not None
        runner = again
    run = Run.create(folder_of(runner).path, BODY)
    run.keep(run.claim(map(product, range(48))))
    run.finish_page(record(offset=run.offset))
    run.report(progress(2, warnings=["of the spider"], node_name="Lighting"))
    told = summary(stage, asin_count=48, node_name="Lighting")
    if stage == "done":
        run.finish(told)
    else:
        run.end(told)
    run.close()
    publish(run.folder)
    store.runners.start(runner.id, MOMENT)
    outcome = Outcome(
        Stage(stage),
        asin_count=48,
        coverage=told.coverage_shown,
        failed_reason=told.failed_reason,
        failed_message=told.failed_message,
        node_name="Lighting",
        finished_at=at,
    )
    assert store.runners.end(runner.id, outcome)
    return store.runners.get(runner.id) or runner
