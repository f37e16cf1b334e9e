"""A short form of every trial in :mod:`benchmarks.chaos`; ``make chaos`` runs the long form."""

import pytest

from benchmarks.chaos.trial import Trial
from benchmarks.chaos.trials import TRIALS


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_nothing_is_lost(trial: Trial) -> None:
    outcome = trial.run(short=True)
    assert outcome.held, "\n".join(outcome.failures)
    assert outcome.times == trial.short_times
