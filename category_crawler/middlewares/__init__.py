"""Downloader middlewares: retries, pauses, redirects and decompression."""
