"""One crawl of a category: the job, its run and its plan together in :mod:`.category_crawl`."""
