"""The saved rules of a collection."""

from api.alerts.rules import Rule, rules_of, rules_text
from api.store import Store


def saved_rules(store: Store, collection: int) -> list[Rule]:
    """The rules of a collection; none if it has none."""
    return rules_of(store.alerts.rules(collection))


def save_rules(store: Store, collection: int, rules: list[Rule]) -> None:
    """Put these rules in the place of a collection's earlier ones; no rule removes them all."""
    if rules:
        store.alerts.set_rules(collection, rules_text(rules))
    else:
        store.alerts.remove_rules(collection)
