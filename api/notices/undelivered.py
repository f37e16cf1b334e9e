"""What can come of sending a notice."""


class NotDelivered(Exception):
    """Raised if a notice was not taken; ``for_good`` where trying again is of no use."""

    def __init__(self, said: str, *, for_good: bool = False) -> None:
        super().__init__(said)
        self.for_good = for_good


class DeliveryOff(Exception):
    """Raised if notices of this kind are not wanted here."""
