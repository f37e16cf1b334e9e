"""Mails and webhooks that tell of runs that have ended; :class:`.outbox.Notices` sends them."""
