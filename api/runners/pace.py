"""The pace at each shop, as the operator sees it."""

from dataclasses import dataclass

from api.scrapyd.cluster import Cluster
from category_crawler.files.home import var_folder
from category_crawler.pace.lane_files import lanes_in


@dataclass(frozen=True, slots=True)
class ShopPace:
    """The pace at a shop, as seen from one exit."""

    host: str
    exit: str
    seconds: float
    """Between two requests, on average."""
    ahead: float
    """Seconds until the next turn that is free."""


def paces(cluster: Cluster | None) -> list[ShopPace]:
    """The pace of each lane; raises ScrapydError while the engine is away."""
    # It reads the project's settings, and exits where they are wrong: the other pages go on then.
    from category_crawler.pace.delay import seconds_between

    lanes = cluster.lanes() if cluster else lanes_in(var_folder() / "pace")
    return [
        ShopPace(lane.host, lane.exit, seconds_between(lane.host), ahead)
        for lane, ahead in lanes.items()
    ]
