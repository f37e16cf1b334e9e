"""The one door to Scrapyd: :class:`.client.Scrapyd`."""
