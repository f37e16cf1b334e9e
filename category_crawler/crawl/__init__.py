"""One crawl of a category. :mod:`.category_crawl` joins the job, its run and its plan."""
