"""Every trial, in the order in which they run."""

from benchmarks.chaos.cancels import CANCELS
from benchmarks.chaos.captcha import CAPTCHA
from benchmarks.chaos.cluster_cancels import CLUSTER_CANCELS
from benchmarks.chaos.engine_deaths import ENGINE_DEATHS
from benchmarks.chaos.large_queue import LARGE_QUEUE
from benchmarks.chaos.lost_answers import LOST_ANSWERS
from benchmarks.chaos.machine_trouble import MACHINE_TROUBLE
from benchmarks.chaos.node_absences import NODE_ABSENCES
from benchmarks.chaos.node_deaths import NODE_DEATHS
from benchmarks.chaos.one_pace import ONE_PACE
from benchmarks.chaos.passing_trouble import PASSING_TROUBLE
from benchmarks.chaos.restores import RESTORES
from benchmarks.chaos.rolling_upgrade import ROLLING_UPGRADE
from benchmarks.chaos.rush import RUSH
from benchmarks.chaos.service_deaths import SERVICE_DEATHS
from benchmarks.chaos.silences import SILENCES
from benchmarks.chaos.spider_deaths import SPIDER_DEATHS

TRIALS = (
    *(SPIDER_DEATHS, SERVICE_DEATHS, CANCELS, PASSING_TROUBLE, CAPTCHA, MACHINE_TROUBLE, RUSH),
    RESTORES,
    *(NODE_DEATHS, ENGINE_DEATHS, NODE_ABSENCES, CLUSTER_CANCELS, LOST_ANSWERS),
    *(SILENCES, LARGE_QUEUE, ONE_PACE, ROLLING_UPGRADE),
)
