"""The operator's commands about the nodes of a cluster: ``flask --app api nodes …``."""

from collections.abc import Callable

import click

from api.commands.command import CommandGroup
from api.commands.table import echo_table
from api.runners.nodes import NodeState, node_states
from api.scrapyd.cluster import Cluster
from api.scrapyd.job_service import ScrapydError
from api.services import services
from category_crawler.typed_command import typed

nodes = CommandGroup("nodes", help="The machines of a cluster.")

_HEADING = ("node", "state", "jobs", "exit", "version", "console", "note")


@nodes.command("list")
def list_nodes() -> None:
    """List the nodes that were heard of within a day."""
    cluster = _cluster()
    try:
        found, waiting = node_states(cluster), cluster.waiting()
    except ScrapydError as error:
        raise click.ClickException(str(error)) from None
    echo_table(_HEADING, map(_cells, found))
    click.echo(f"{waiting} {'job waits' if waiting == 1 else 'jobs wait'}", err=True)


@nodes.command("drain")
@click.argument("name")
def drain_node(name: str) -> None:
    """Let a node take no more jobs; those that it runs go on to their end."""
    _tell(name, Cluster.drain)
    click.echo(f"{name} takes no more jobs: stop it once '{typed('cluster list')}' says drained")


@nodes.command("resume")
@click.argument("name")
def resume_node(name: str) -> None:
    """Let a drained node take jobs again."""
    _tell(name, Cluster.resume)
    click.echo(f"{name} takes jobs")


def _tell(name: str, how: Callable[[Cluster, str], bool]) -> None:
    cluster = _cluster()
    try:
        known = {node.name for node in cluster.nodes()}
        if name not in known:
            raise click.ClickException(
                f"there is no node {name}: it is one of {', '.join(sorted(known)) or 'none'}"
            )
        how(cluster, name)
    except ScrapydError as error:
        raise click.ClickException(str(error)) from None


def _cluster() -> Cluster:
    cluster = services().cluster
    if cluster is None:
        raise click.ClickException(
            "this service runs on one machine: CATEGORY_CRAWLER_QUEUE is not set"
        )
    return cluster


def _cells(node: NodeState) -> tuple[str, ...]:
    jobs = f"{node.running} of {node.slots}"
    return (node.name, node.stands, jobs, node.exit, node.version, node.console, node.trouble)
