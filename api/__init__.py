"""The job API: add_schedule, result and cancel over Scrapyd.

A request's walk: :mod:`.rest` finds the user and checks the body, a view in :mod:`.routes` hands on
to the rules, and the answer leaves in an envelope.

* :mod:`.runners`: how a runner starts, what became of it, how it is cancelled
* :mod:`.delivery_sessions`: the same of a delivery session
* :mod:`.products`: a run's rows as downloads and as data
* :mod:`.alerts`: rules of collections, tried against each run that ends
* :mod:`.exports`: copies of finished results elsewhere
* :mod:`.backup`: one archive of a home, and its way back
* :mod:`.accounts`: logins, tokens and keys
* :mod:`.notices`: tells of runs that have ended, by mail and webhook
* :mod:`.store`: SQLite; :mod:`.scrapyd`: where jobs run, one Scrapyd or a cluster's nodes
* :mod:`.services`: all of these, as views and commands find them
* :mod:`.rest`: HTTP around it all; :mod:`.routes`: one file for each resource
* :mod:`.web`: pages for people
* :mod:`.commands`: ``flask --app api …``
* :mod:`.application`: puts them together
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from api.config import Settings


def create_app(given: Settings | None = None) -> Flask:
    """The application over the home folder's database and Scrapyd."""
    # It takes two seconds to load, and who imports a part of this package needs only that part.
    from api.application import make_application

    return make_application(given)
