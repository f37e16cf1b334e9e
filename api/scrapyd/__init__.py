"""Where jobs run; start with :class:`.job_service.JobService`, which says what the API asks for.

:mod:`.client` asks the one Scrapyd of this machine, :mod:`.cluster` the nodes of a cluster.
"""
