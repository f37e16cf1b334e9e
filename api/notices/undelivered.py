"""Why a notice was not delivered."""


class NotDelivered(Exception):
    """Raised if a delivery failed; ``for_good`` if a retry is of no use."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class DeliveryOff(Exception):
    """Raised if notices of this kind are switched off."""
