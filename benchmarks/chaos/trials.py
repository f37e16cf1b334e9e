"""Every trial, in the order in which they run."""

from benchmarks.chaos.cancels import CANCELS
from benchmarks.chaos.captcha import CAPTCHA
from benchmarks.chaos.machine_trouble import MACHINE_TROUBLE
from benchmarks.chaos.passing_trouble import PASSING_TROUBLE
from benchmarks.chaos.rush import RUSH
from benchmarks.chaos.service_deaths import SERVICE_DEATHS
from benchmarks.chaos.spider_deaths import SPIDER_DEATHS

TRIALS = (SPIDER_DEATHS, SERVICE_DEATHS, CANCELS, PASSING_TROUBLE, CAPTCHA, MACHINE_TROUBLE, RUSH)
