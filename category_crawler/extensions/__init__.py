"""Scrapy's extensions of this project: how a spider stops, and what it writes beside its rows."""
