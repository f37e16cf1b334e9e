"""The operator's commands about delivery sessions: ``flask --app api zipcodes …``."""

import click

from api.commands.command import CommandGroup
from api.commands.table import echo_table
from api.services import services
from category_crawler.delivery.session import DeliverySession, place, saved_sessions
from category_crawler.errors import InvalidJob, SessionError
from category_crawler.files.home import cookies_folder
from category_crawler.times import in_words

zipcodes = CommandGroup("zipcodes", help="Delivery sessions.")

_HEADING = ("shop", "postcode", "suburb", "state", "age", "users", "why")


@zipcodes.command("list")
def list_zipcodes() -> None:
    """List the delivery sessions: their state, the age of their cookies, and who has them."""
    store = services().store
    known = {(one.domain, one.postcode): one for one in store.sessions.all()}
    rows = []
    for domain, postcode in sorted({*known, *saved_sessions()}):
        session = known.get((domain, postcode))
        users = store.sessions.users_of(session.id) if session else []
        state = session.status.value if session else "brought in"
        suburb, why = (session.suburb, session.failed_message) if session else (None, None)
        age = _age(domain, postcode)
        rows.append((domain, postcode, suburb or "", state, age, ",".join(users), why or ""))
    echo_table(_HEADING, rows)


@zipcodes.command("check")
@click.argument("domain", required=False)
@click.argument("postcode", required=False)
def check_zipcodes(domain: str | None, postcode: str | None) -> None:
    """Check at the shop whether one or all delivery sessions still work."""
    sessions = services().sessions
    found = _sessions_to_check(domain, postcode)
    if not found:
        click.echo(
            f"There is no delivery session in {cookies_folder()}: nothing to check", err=True
        )
    for found_domain, found_postcode in found:
        click.echo(
            f"Asking www.{found_domain} about {found_postcode}, for at most "
            f"{in_words(_check_seconds())} …",
            err=True,
        )
        status, why = sessions.check_session(found_domain, found_postcode)
        click.echo(f"{found_domain} {found_postcode}\t{status}\t{why}")


def _age(domain: str, postcode: str) -> str:
    """How old the cookies are; empty without any, or where nobody knows."""
    try:
        age = DeliverySession.load(domain, postcode).age
    except SessionError:
        return ""
    return "" if age is None else in_words(age)


def _check_seconds() -> float:
    # Scrapy's settings take a third of a second to load.
    from category_crawler import settings

    return float(settings.DELIVERY_TIMEOUT)


def _sessions_to_check(domain: str | None, postcode: str | None) -> list[tuple[str, str]]:
    if domain is None:
        return saved_sessions()
    if postcode is None:
        raise click.UsageError(f"name a postcode of {domain} too, or nothing to check all")
    try:
        shop, code = place(domain, postcode)
    except InvalidJob as error:
        raise click.UsageError(str(error)) from None
    if (shop.domain, code) not in saved_sessions():
        raise click.ClickException(f"there is no session for {shop.domain} {code}")
    return [(shop.domain, code)]
