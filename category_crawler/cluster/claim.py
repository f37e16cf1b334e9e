"""A claim: one node's right to run one job."""

import secrets
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Claim:
    """Held by one start of one node; the job waits again, is finished, or is revoked after it."""

    job: str
    node: str
    incarnation: str
    number: str
    """Tells this claim from an earlier one of the same job on the same node."""

    @classmethod
    def read(cls, job: str, holder: str) -> Self:
        """A claim as the engine holds it."""
        return cls(job, *holder.split(" "))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The claim of :attr:`text`. Raises ValueError."""
        job, _, holder = text.partition(" ")
        if holder.count(" ") != 2:
            raise ValueError(f"{text!r} is no claim")
        return cls.read(job, holder)

    @property
    def holder(self) -> str:
        """What the engine holds of it, beside the job's name."""
        return f"{self.node} {self.incarnation} {self.number}"

    @property
    def text(self) -> str:
        """The claim as a spider gets it."""
        return f"{self.job} {self.holder}"


def new_number() -> str:
    """A number for a new claim."""
    return secrets.token_hex(4)
