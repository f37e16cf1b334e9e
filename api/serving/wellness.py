"""Whether the service of this home is well, as it says itself over HTTP."""

import requests

from api.config import api_url
from api.serving.part import Part, Program
from category_crawler.daemon.address import console

_SECONDS = 8


def why_not_well(part: Part) -> str:
    """What is wrong with the service, or with a node of a cluster; empty if it is well."""
    session = requests.Session()
    # A proxy is for requests to the shop.
    session.trust_env = False
    if Program.API in part.programs:
        url = f"{api_url()}/healthz"
    else:
        node = console()
        url = f"{node.url}/slots.json"
        session.auth = (node.username, node.password)
    try:
        answer = session.get(url, timeout=_SECONDS)
        trouble = str(answer.json().get("trouble", ""))
    except requests.RequestException:
        return f"{url} does not answer as it should"
    return trouble if answer.ok else f"{url} answers {answer.status_code}: {answer.text.strip()}"
