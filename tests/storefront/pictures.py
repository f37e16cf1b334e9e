"""The shop's product pictures: a drawing for each ASIN, over plain HTTP as browsers may load it."""

from hashlib import sha256
from pathlib import PurePosixPath

from aiohttp import web

_DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" role="img">
<rect width="200" height="200" fill="hsl({hue} 35% 94%)"/>
<path d="M{left} 105 L{top} 40 H{top_end} L{right} 105 Z" fill="hsl({hue} 55% {light}%)"/>
<rect x="95" y="105" width="10" height="{pole}" fill="hsl({hue} 15% 40%)"/>
<ellipse cx="100" cy="{foot}" rx="{width}" ry="9" fill="hsl({hue} 15% 30%)"/>
</svg>"""


def application() -> web.Application:
    """A site that answers every path with the picture of the ASIN in it."""
    site = web.Application()
    site.router.add_get("/{path:.*}", _picture)
    return site


async def _picture(request: web.Request) -> web.StreamResponse:
    asin = PurePosixPath(request.path).stem
    return web.Response(text=drawing(asin), content_type="image/svg+xml")


def drawing(asin: str) -> str:
    """A lamp in SVG, always the same for an ASIN."""
    a, b, c, d = sha256(asin.encode()).digest()[:4]
    slope, pole = 20 + b % 35, 35 + c % 35
    return _DRAWING.format(
        hue=a * 360 // 256,
        light=45 + d % 25,
        left=100 - 25 - slope,
        right=100 + 25 + slope,
        top=75,
        top_end=125,
        pole=pole,
        foot=105 + pole,
        width=20 + d % 25,
    )
