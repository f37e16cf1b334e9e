"""The job API: add_schedule, result and cancel over Scrapyd."""
