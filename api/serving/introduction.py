"""What is printed when the service starts: where each part is, and how to get in."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from api.accounts.logins import Accounts
from api.config import Settings, api_url
from api.serving.part import Part, Program
from api.store import Store, StoreError
from category_crawler.checkout import is_checkout
from category_crawler.daemon.address import console, password_file
from category_crawler.files.home import home, logs_folder, var_folder
from category_crawler.typed_command import NAME, typed


def introduce(part: Part) -> None:
    """Print addresses, folders and the next steps of an operator."""
    if Program.API in part.programs:
        address = api_url()
        print(f"API       {address}/api/v1, described at {address}/docs")
    if Program.SCRAPYD in part.programs:
        scrapyd = console()
        print(f"Console   {scrapyd.url}/, user {scrapyd.username}, password in {password_file()}")
    print(f"Home      {home()}; job logs in {logs_folder()}")
    if Program.API in part.programs:
        print(f"Pages     {_pages()}")
        print(f"New user  {_for_this_home('users create you@example.org')}")
    print("Ctrl-C stops everything.", flush=True)


def _for_this_home(command: str) -> str:
    """How one of the operator's commands is called for this home."""
    named = os.environ.get("CATEGORY_CRAWLER_HOME")
    where = f"CATEGORY_CRAWLER_HOME={shlex.quote(str(home()))} " if named else ""
    return f"{where}{_folder_of_programs()}{typed(command)}"


def _folder_of_programs() -> str:
    """What to type before a program's name; empty where the PATH leads to this installation."""
    if is_checkout():
        return ".venv/bin/"
    folder = Path(sys.executable).parent
    found = shutil.which(NAME)
    is_found = found is not None and Path(found).resolve() == (folder / NAME).resolve()
    return "" if is_found else f"{shlex.quote(str(folder))}/"


def _pages() -> str:
    """Where people look at it; while there is no user, a link that makes the first one."""
    settings = Settings.load()
    try:
        store = Store(var_folder() / "api.db")
        accounts = Accounts(store, settings)
        link = "" if store.users.is_any() else accounts.address_of(accounts.new_link(None))
        store.close()
    except StoreError:
        # The API says why the database cannot be used.
        return settings.address
    return f"{link} (makes the first user, once)" if link else settings.address
