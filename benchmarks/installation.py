"""A whole installation that goes again: a home, the shop, the three services, and a user."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import requests

from api.accounts.secret import hash_of, new_secret
from api.runners.attempts import run_name
from api.store import Store
from benchmarks.client import Away, Client, Ordered, Refused
from benchmarks.program import Program
from category_crawler.files.home import PROJECT
from category_crawler.run.attempt_folder import attempt_name
from category_crawler.times import utc_in
from tests.api.services import ENDED, free_port
from tests.crawls import DOMAIN, QUICK, Home
from tests.processes import kill_all_over, parent_of, spiders_over
from tests.storefront import Catalogue, Storefront, Switches
from tests.waiting import until

PAGE_SIZE = 16
USER = 1
"""The number of the only user."""
_LOOK_EVERY = 0.1
_COMMAND_SECONDS = 60
_SERVICES = ("scrapyd", "api", "watch")
_AS_SHIPPED: Mapping[str, str] = {}
_ALONE: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Installation:
    """What trials and benchmarks work with."""

    home: Home
    client: Client
    store: Store
    """The API's own, to be read only."""
    programs: dict[str, Program]
    """By their names in the service; a node's Scrapyd by the node's name."""
    environment: dict[str, str]
    slots: int
    """Jobs that run at the same time."""
    _postcodes: Iterator[int]

    @property
    def shop(self) -> Storefront:
        return self.home.shop

    def set_pages_in_flight(self, number: int) -> None:
        """How many pages a spider that starts from now on asks for at the same time."""
        self.home.settings(f"{QUICK}CONCURRENT_REQUESTS_PER_DOMAIN = {number}\n")

    def new_postcode(self) -> str:
        """A postcode with a delivery session that no run has used."""
        # The shop knows no place whose postcode ends with 99.
        postcode = next(code for code in map(str, self._postcodes) if not code.endswith("99"))
        self.home.make_session(DOMAIN, postcode)
        return postcode

    def schedule(self, **fields: Any) -> Ordered:
        """Have the category crawled from a postcode of its own."""
        return self.client.schedule(self.new_postcode(), **fields)

    def resume(self, failed: Ordered) -> Ordered:
        """Resume a failed runner by the operator's command. Raises Refused."""
        said = self.flask("runners", "resume", str(failed.runner))
        return Ordered(failed.collection, int(said.split()[-1]), failed.postcode)

    def flask(self, *words: str) -> str:
        """What a command of the operator's prints. Raises Refused where it fails."""
        said = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "api", *words],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
        )
        if said.returncode:
            raise Refused(said.stderr.strip().rpartition("\n")[2])
        return said.stdout

    def cookie(self) -> str:
        """What signs a browser in as the user."""
        secret = new_secret()
        self.store.links.add(hash_of(secret), USER, utc_in(60))
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"{self.client.root}/sign-in/{secret}", allow_redirects=False)
        return answer.headers["Set-Cookie"].partition(";")[0]

    def spiders(self) -> dict[int, str]:
        """The spiders alive, each process with its job's name."""
        return spiders_over(self.home.folder)

    def spiders_of(self, run: Ordered) -> list[int]:
        """The processes of a run's spiders, whatever the attempt."""
        return [pid for pid, job in self.spiders().items() if job.startswith(f"r{run.runner}-")]

    def orphans(self) -> dict[int, str]:
        """Spiders that are no children of the Scrapyd that runs, each with its job's name."""
        parents = (None, self.programs["scrapyd"].number)
        return {
            number: job
            for number, job in self.spiders().items()
            if parent_of(number) not in parents
        }

    def folder_of(self, run: Ordered) -> Path:
        """Where the files of a run's present attempt lie."""
        runner = self.store.runners.get(run.runner)
        assert runner is not None
        return self.home.folder / "results" / attempt_name(run_name(runner), runner.attempt)

    def asked_for(self, run: Ordered, answered: str = "") -> Counter[str]:
        """How often a run has asked for each listing page, ``answered`` in this way or in any."""
        session = self.session_of(run)
        return Counter(
            request.path
            for request in self.shop.listing_requests
            if request.session_id == session and answered in ("", request.answered)
        )

    def asked_at(self, run: Ordered) -> list[float]:
        """When a run has asked for listing pages, in seconds since 1970."""
        session = self.session_of(run)
        return [asked.at for asked in self.shop.listing_requests if asked.session_id == session]

    def session_of(self, run: Ordered) -> str:
        """The shop's number of the session that a run goes by."""
        path = self.home.folder / "cookies" / DOMAIN / f"{run.postcode}.json"
        cookies = json.loads(path.read_bytes())["cookies"]
        session: str = next(c["value"] for c in cookies if c["name"] == "session-id")
        return session

    def attempts_of(self, run: Ordered) -> list[str]:
        """Names of a run's jobs that were started; one that ran on two nodes comes twice."""
        started = rf"Process started: .* job='(r{run.runner}-\d+)'"
        return sorted(job for one in self.programs.values() for job in one.said(started))

    def end(self) -> None:
        """End the programs; their logs stay until the home goes."""
        for program in reversed(self.programs.values()):
            program.end()

    def ended(self, run: Ordered, seconds: float) -> dict[str, Any]:
        """The last word on a run once it has ended, or after so many seconds."""
        return self.wait(run, lambda result: result.get("stage") in ENDED, seconds)

    def wait(
        self, run: Ordered, wanted: Callable[[dict[str, Any]], bool], seconds: float
    ) -> dict[str, Any]:
        """Ask until a result is as wanted, or time is up; empty where nobody ever answered."""
        deadline = time.monotonic() + seconds
        result: dict[str, Any] = {}
        while not wanted(result) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)
            try:
                result = self.client.result(run.collection)
            except Away:
                continue
        return result


@contextmanager
def installation(
    *,
    pages: int,
    latency: float = 0.03,
    slots: int = 4,
    settings: Mapping[str, str] = _AS_SHIPPED,
    nodes: Mapping[str, Mapping[str, str]] = _ALONE,
    keep: Path | None = None,
    disk: Path | None = None,
    **switches: Any,
) -> Iterator[Installation]:
    """Start the shop, with so many pages, and the services; they end with the context.

    ``settings`` are those of the API, as environment variables. ``nodes`` are settings of a
    cluster's nodes, by their names, each with so many ``slots``. The home lies on the ``disk``
    where one is named; otherwise it goes, too, unless there is a folder to ``keep`` it in.
    """
    catalogue = Catalogue(pages * PAGE_SIZE)
    quirks = Switches(page_bytes=0, page_size=PAGE_SIZE, latency=latency, **switches)
    place = nullcontext(disk) if disk else _folder(keep)
    with place as folder, Storefront(catalogue, quirks).serve() as shop:
        made = _made(Home(folder, shop), slots, settings, nodes)
        try:
            for program in made.programs.values():
                program.start()
            until(made.client.is_well, bool)
            made.client.forget_answers()
            yield made
        finally:
            made.end()
            kill_all_over(folder)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield Path(tempfile.mkdtemp(prefix="installation-", dir=keep)).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="installation-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def _made(
    home: Home,
    slots: int,
    settings: Mapping[str, str],
    nodes: Mapping[str, Mapping[str, str]],
) -> Installation:
    port = free_port()
    temporary = home.folder / "tmp"
    temporary.mkdir()
    each_core = max(1, slots // (os.cpu_count() or 1))
    environment: dict[str, str] = (
        home.environment
        | settings
        | {"API_PORT": str(port), "SCRAPYD_PORT": str(free_port()), "TMPDIR": str(temporary)}
        | {"SCRAPYD_MAX_PROC_PER_CPU": str(each_core)}
    )
    key = new_secret()
    store = Store(home.folder / "var" / "api.db")
    store.users.add("ann@example.org", "ann", hash_of(key))
    daemons = {name: _node(name, home, environment, own) for name, own in nodes.items()}
    services = ("api", "watch") if "CATEGORY_CRAWLER_QUEUE" in settings else _SERVICES
    programs = daemons | {
        name: Program(name, environment, home.folder / f"{name}.log") for name in services
    }
    made = Installation(
        home=home,
        client=Client(port, key),
        store=store,
        programs=programs,
        environment=environment,
        slots=each_core * (os.cpu_count() or 1) * max(1, len(nodes)),
        _postcodes=count(3000),
    )
    made.set_pages_in_flight(1)
    return made


def _node(name: str, home: Home, environment: Mapping[str, str], own: Mapping[str, str]) -> Program:
    """A node of a cluster: it shares the home and has all else to itself."""
    folder = home.folder / "nodes" / name
    folder.mkdir(parents=True)
    its = {
        "CATEGORY_CRAWLER_NODE": name,
        "CATEGORY_CRAWLER_VAR": str(folder),
        "SCRAPYD_PORT": str(free_port()),
    }
    return Program("scrapyd", {**environment, **its, **own}, folder / "scrapyd.log")
