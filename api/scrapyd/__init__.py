"""The client of Scrapyd; start with :class:`.client.Scrapyd`."""
