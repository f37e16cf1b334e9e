"""The operator's page of all runs."""

from api.store import Store
from api.store.records import Outcome, StoredRequest, User
from api.store.stage import Stage
from tests.api.services import BODY, Caller
from tests.api.web.reader import Reader

PAGE = "/operator/runs/"


def test_runs_of_all_users_are_there(reader: Reader, ann: User, bob: Caller, store: Store) -> None:
    names = [f"<i>{number}" for number in range(60)]
    made = [
        store.runners.add_collection(user, name, StoredRequest(BODY), [])
        for user, name in zip([ann.id, bob.user] * 30, names, strict=True)
    ]
    store.runners.end(made[0].id, Outcome(Stage.FAILED, failed_message="Lost"))
    shown = reader.get(PAGE).text
    assert "ann@example.org" in shown
    assert "bob@example.org" in shown
    assert "&lt;i&gt;59" in shown
    assert "&lt;i&gt;9<" not in shown
    older = f"{PAGE}?before={made[10].id}"
    assert older in shown
    shown = reader.get(older).text
    assert "&lt;i&gt;9<" in shown
    assert "Older" not in shown
    failed = reader.get(f"{PAGE}?state=failed").text
    assert "&lt;i&gt;0<" in failed
    assert "&lt;i&gt;59" not in failed
    assert f"/operator/jobs/category/r{made[0].id}-1/log" in failed
    assert reader.get(f"{PAGE}?state=odd&before=-1").status_code == 200
    assert reader.get(f"{PAGE}?before=many").status_code == 200
