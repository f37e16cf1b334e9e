"""The rules of a collection's alerts: add one, remove one."""

from math import isfinite
from typing import Any

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from api.alerts.findings import Tried, find
from api.alerts.rules import MOST_RULES, Rule
from api.alerts.saved_rules import save_rules, saved_rules
from api.products.downloads import NotReady
from api.rest.ownership import own_runner
from api.services import services
from api.store.records import Runner
from api.web.page import page
from api.web.problems import sentence_of, shown_problem
from api.web.run import Typed, address, handle_on_the_run, shown
from api.web.typed_price import typed_cents
from api.web.vocabulary import in_words
from api.web.words import counted
from category_crawler.fault import faults_of

blueprint = page("alert_rules", __name__, "/collections/<int:collection_id>/alerts")
handle_on_the_run(blueprint)
_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
_OF_RUNS = ("coverage_not_complete", "run_failed")
_HOW_TO = {
    "kind": "Choose one of these.",
    "percent": "Write a percentage from 0.01 to 100.",
    "price": "Write an amount such as 49.90.",
}
_FIELDS = ("kind", "percent", "price", "search", "brand")


@blueprint.post("/add")
def add(collection_id: int) -> ResponseReturnValue:
    """Add a rule."""
    runner = own_runner(collection_id)
    typed = {name: request.form.get(name, "").strip() for name in _FIELDS}
    rules = saved_rules(services().store, collection_id)
    if len(rules) >= MOST_RULES:
        return _again(runner, typed, {"kind": f"There are {MOST_RULES} rules, which is the most."})
    given = _given(typed)
    try:
        rule = _RULE.validate_python(given)
    except ValidationError as error:
        faults = {_field(fault.field): sentence_of(fault) for fault in faults_of(error, given)}
        return _again(runner, typed, faults | {n: _HOW_TO[n] for n in faults.keys() & _HOW_TO})
    try:
        said = _trial(rule, collection_id)
    except NotReady as error:
        return _again(runner, typed, {"kind": f"{shown_problem(error).sentence}."})
    save_rules(services().store, collection_id, [*rules, rule])
    flash(f"The alert is saved. {said}")
    return redirect(address(collection_id, runner.id, "alerts"))


@blueprint.post("/remove")
def remove(collection_id: int) -> ResponseReturnValue:
    """Remove a rule, by its words: another page may have changed the list since."""
    runner = own_runner(collection_id)
    rules = saved_rules(services().store, collection_id)
    named = request.form.get("rule", "")
    at = next((place for place, rule in enumerate(rules) if rule.words == named), None)
    if at is not None:
        save_rules(services().store, collection_id, [*rules[:at], *rules[at + 1 :]])
        flash("The alert is removed.")
    return redirect(address(collection_id, runner.id, "alerts"))


def _trial(rule: Rule, collection_id: int) -> str:
    """What a rule would have told of the last runs, in a sentence. Raises NotReady."""
    store, downloads = services().store, services().downloads
    (found,) = find(store, downloads, [rule], Tried.last(store, collection_id)).matches
    if found.not_tried:
        return f"It could not be tried yet: {in_words(found.not_tried)}."
    if found.rule.kind in _OF_RUNS:
        would = "would" if found.count else "would not"
        return f"For the last run it {would} have sent an alert."
    return f"For the last run it would have listed {counted(found.count, 'product')}."


def _given(typed: dict[str, str]) -> dict[str, Any]:
    """What was typed as the fields of a rule; what is no number is left for the rule to refuse."""
    given: dict[str, Any] = {"kind": typed["kind"]}
    if typed["kind"] == "price_falls":
        given["percent"] = _number(typed["percent"])
    if typed["kind"] == "price_below":
        cents = typed_cents(typed["price"])
        # What is no price stays as it is: the rule says what is wrong with it.
        given["cents"] = typed["price"] or None if cents is None else cents
    if typed["kind"] not in _OF_RUNS:
        given |= {name: typed[name] for name in ("search", "brand") if typed[name]}
    return given


def _number(text: str) -> float | str:
    try:
        read = float(text.replace(",", "."))
    except ValueError:
        return text
    return read if isfinite(read) else text


def _field(name: str) -> str:
    last = name.rpartition(".")[2]
    return {"cents": "price"}.get(last, last if last in _FIELDS else "kind")


def _again(runner: Runner, typed: dict[str, str], faults: dict[str, str]) -> ResponseReturnValue:
    return shown(runner, {"alert": Typed(typed, faults)}, 400)
