"""How a job that could not begin says so to whoever scheduled it."""

from category_crawler.crawl.category_crawl import refused
from category_crawler.delivery.report import DeliveryReport, write_report
from category_crawler.errors import CrawlError
from category_crawler.times import utc_now


def refuse_job(spider: str, job: str, run: str, error: CrawlError) -> None:
    """Record why a job of Scrapyd's could not begin, where the API looks for it.

    ``run`` is the run's folder below ``results/``; a category job without one is nobody's. Raises
    RunError for a folder elsewhere, OSError where the disk refuses.
    """
    if spider == "category" and run:
        refused(run, error)
    elif spider == "delivery":
        report = DeliveryReport(
            stage="failed",
            failed_reason=error.reason,
            failed_message=str(error),
            finished_at=utc_now(),
        )
        write_report(job, report)
