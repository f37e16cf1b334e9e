"""The rules of a collection's alerts, as clients write them and as they are stored."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

MOST_RULES = 20
_Name = Annotated[str, Field(max_length=200)]


class _Rule(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    @property
    def words(self) -> str:
        """What the rule tells of, for people."""
        raise NotImplementedError


class ProductRule(_Rule):
    """A rule about products, which may be narrowed down."""

    search: _Name | None = None
    """Only products with these words in title, brand or ASIN; case and accents do not matter."""
    brand: _Name | Annotated[list[_Name], Field(max_length=100)] | None = None
    """Only products of a brand, or of any of several; in capitals or not."""

    @property
    def brands(self) -> list[str]:
        """The brands that are wanted; empty for all."""
        return [self.brand] if isinstance(self.brand, str) else self.brand or []

    @property
    def words(self) -> str:
        """What the rule tells of, with what it is narrowed down to."""
        only = [", ".join(self.brands), f'"{self.search}"' if self.search else ""]
        limits = "; ".join(filter(None, only))
        return self._about() + (f" ({limits})" if limits else "")

    def _about(self) -> str:
        raise NotImplementedError


class PriceFalls(ProductRule):
    """The price has fallen by so much or more."""

    kind: Literal["price_falls"]
    percent: Annotated[float, Field(ge=0.01, le=100)]
    """Of the earlier price, to two decimals."""

    def _about(self) -> str:
        return f"price falls by {self.percent:g} % or more"


class PriceBelow(ProductRule):
    """The price is below an amount, and was not, or was not known, in the run before."""

    kind: Literal["price_below"]
    cents: Annotated[int, Field(ge=1, le=2**53)]
    """In the marketplace's currency."""

    def _about(self) -> str:
        return f"price below {self.cents / 100:,.2f}"


class New(ProductRule):
    """The product was not in the run before."""

    kind: Literal["new"]

    def _about(self) -> str:
        return "new"


class Gone(ProductRule):
    """The product is not there any more, and both runs' coverage bears saying so."""

    kind: Literal["gone"]

    def _about(self) -> str:
        return "gone"


class BackInStock(ProductRule):
    """The product was said to be out of stock, and is in stock."""

    kind: Literal["back_in_stock"]

    def _about(self) -> str:
        return "back in stock"


class CoverageNotComplete(_Rule):
    """The list is not complete, or not known to be, and that of the last run done before was."""

    kind: Literal["coverage_not_complete"]

    @property
    def words(self) -> str:
        """What the rule tells of."""
        return "coverage no longer complete"


class RunFailed(_Rule):
    """The run has failed; one that its user has cancelled does not count."""

    kind: Literal["run_failed"]

    @property
    def words(self) -> str:
        """What the rule tells of."""
        return "run failed"


OfProducts = PriceFalls | PriceBelow | New | Gone | BackInStock
OfRuns = CoverageNotComplete | RunFailed
Rule = Annotated[OfProducts | OfRuns, Field(discriminator="kind")]
Rules = Annotated[list[Rule], Field(max_length=MOST_RULES)]
_RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


def rules_of(text: str | None) -> list[Rule]:
    """The rules that were stored; none of None. Raises ValueError if they are no rules."""
    return _RULES.validate_json(text) if text else []


def rules_text(rules: list[Rule]) -> str:
    """The text to store."""
    return _RULES.dump_json(rules, exclude_none=True).decode()
