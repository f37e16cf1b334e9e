"""Records why a job could not start, for the API."""

from category_crawler.crawl.category_crawl import record_failed_start
from category_crawler.delivery.report import DeliveryReport, write_report
from category_crawler.errors import CrawlError
from category_crawler.run.preview_report import PreviewReport, write_preview
from category_crawler.times import utc_now


def record_failed_job(spider: str, job: str, run: str, error: CrawlError) -> None:
    """Write why a Scrapyd job could not start: to the run's summary or the job's report.

    ``run`` is the run's folder below ``results/``. A category job without one did not come from
    the API, so nothing is written. Raises RunError for a folder elsewhere, OSError.
    """
    if spider == "category" and run:
        record_failed_start(run, error)
    elif spider == "delivery":
        report = DeliveryReport(
            stage="failed",
            failed_reason=error.reason,
            failed_message=str(error),
            finished_at=utc_now(),
        )
        write_report(job, report)
    elif spider == "preview":
        write_preview(job, PreviewReport.failed(error))
