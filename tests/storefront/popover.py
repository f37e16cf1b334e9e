"""The pop-over that sets the delivery location: its page, its script and its answers.

Identifiers, headers and the two numbers in the answer are the real site's. The script reacts like
the site's own when a person types, chooses and clicks.
"""

from html import escape
from typing import Any

from category_crawler.domain_config import Marketplace
from tests.storefront.visitors import place_name, suburbs

SELECTIONS = "/portal-migration/hz/glow/get-rendered-address-selections"
CHANGE = "/portal-migration/hz/glow/address-change"
SUBURBS = "/portal-migration/hz/glow/get-suburbs"
"""Our own name; we do not know the site's."""
TOKEN_HEADER = "anti-csrftoken-a2z"

_TWO_PARTS = ("amazon.ca", "amazon.co.jp", "amazon.com.br")


def opener(token: str) -> str:
    """The part of every page that opens the pop-over."""
    return (
        f'<input type="hidden" id="glowValidationToken" value="{escape(token)}">'
        f"<script>{_SCRIPT}</script>"
    )


def content(shop: Marketplace, token: str) -> str:
    """The pop-over itself."""
    if shop.domain == "amazon.com.au":
        form = _WITH_SUBURB
    elif shop.domain in _TWO_PARTS:
        form = _TWO_INPUTS
    else:
        form = _ONE_INPUT
    return (
        f'<div id="glow-modal" data-csrf="{escape(token)}"><h4>Choose your location</h4>{form}'
        '<div id="GLUXZipError" style="display:none" class="a-alert-error"></div>'
        '<div id="glow-done" style="display:none">You are now shopping for delivery to this place'
        '<button name="glowDoneButton">Done</button></div></div>'
        f'<script>CSRF_TOKEN : "{escape(token)}"</script>'
    )


def place_of(shop: Marketplace, asked: dict[str, Any]) -> str | None:
    """The place of an accepted address, as the delivery line shows it."""
    postcode = str(asked.get("zipCode", ""))
    known = suburbs(shop, postcode)
    if shop.domain != "amazon.com.au":
        fits = asked.get("locationType") == "LOCATION_INPUT"
        return place_name(shop, known[0], postcode) if fits and known else None
    fits = asked.get("locationType") == "POSTAL_CODE_WITH_CITY" and asked.get("city") in known
    return place_name(shop, asked["city"], postcode) if fits else None


_ONE_INPUT = (
    '<input id="GLUXZipUpdateInput" maxlength="10">'
    '<span id="GLUXZipUpdate"><input type="submit" value="Apply"></span>'
)
_TWO_INPUTS = (
    '<input id="GLUXZipUpdateInput_0"><input id="GLUXZipUpdateInput_1">'
    '<span id="GLUXZipUpdate"><input type="submit" value="Apply"></span>'
)
_WITH_SUBURB = (
    '<input id="GLUXPostalCodeWithCity_PostalCodeInput" maxlength="4">'
    '<span id="GLUXPostalCodeWithCity_DropdownButton">Suburb</span>'
    '<select id="GLUXPostalCodeWithCity_DropdownList" style="display:none"></select>'
    '<ul id="glow-suburbs" style="display:none"></ul>'
    '<span id="GLUXPostalCodeWithCityApplyButton"><input type="submit" value="Apply"></span>'
)

_SCRIPT = (
    """
(function () {
  var by = function (id) { return document.getElementById(id); };
  var token = function () { return by("glow-modal").getAttribute("data-csrf"); };
  var complain = function (text) {
    by("GLUXZipError").textContent = text;
    by("GLUXZipError").style.display = "block";
  };
  document.addEventListener("click", function (event) {
    var hit = function (selector) { return event.target.closest(selector); };
    if (hit("#nav-global-location-popover-link")) { event.preventDefault(); open(); }
    if (hit("#GLUXPostalCodeWithCity_DropdownButton")) {
      by("glow-suburbs").style.display = "block";
    }
    var option = hit("#glow-suburbs a");
    if (option) {
      event.preventDefault();
      by("GLUXPostalCodeWithCity_DropdownList").value = option.textContent;
      by("glow-suburbs").style.display = "none";
    }
    if (hit("#GLUXPostalCodeWithCityApplyButton")) {
      change({ locationType: "POSTAL_CODE_WITH_CITY",
               zipCode: by("GLUXPostalCodeWithCity_PostalCodeInput").value,
               city: by("GLUXPostalCodeWithCity_DropdownList").value });
    }
    if (hit("#GLUXZipUpdate input")) {
      var one = by("GLUXZipUpdateInput");
      var code = one ? one.value
        : by("GLUXZipUpdateInput_0").value + by("GLUXZipUpdateInput_1").value;
      change({ locationType: "LOCATION_INPUT", zipCode: code });
    }
    if (hit("button[name=glowDoneButton]")) { location.reload(); }
  });
  document.addEventListener("input", function (event) {
    if (event.target.id === "GLUXPostalCodeWithCity_PostalCodeInput"
        && event.target.value.length === 4) { list(event.target.value); }
  });
  function open() {
    fetch("@SELECTIONS", { headers: { "@HEADER": by("glowValidationToken").value } })
      .then(function (answer) { return answer.text(); })
      .then(function (html) {
        var shown = document.createElement("div");
        shown.innerHTML = html;
        document.body.prepend(shown);
      });
  }
  function list(code) {
    fetch("@SUBURBS?zipCode=" + code).then(function (answer) { return answer.json(); })
      .then(function (names) {
        if (!names.length) { complain("Please enter a valid postcode"); return; }
        by("GLUXZipError").style.display = "none";
        by("GLUXPostalCodeWithCity_DropdownList").replaceChildren.apply(
          by("GLUXPostalCodeWithCity_DropdownList"), names.map(function (name) {
            return new Option(name, name); }));
        by("glow-suburbs").replaceChildren.apply(by("glow-suburbs"), names.map(function (name, i) {
          var item = document.createElement("li"), link = document.createElement("a");
          link.id = "GLUXPostalCodeWithCity_DropdownList_" + i;
          link.href = "#"; link.textContent = name; item.append(link); return item; }));
      });
  }
  function change(address) {
    fetch("@CHANGE?actionSource=glow", { method: "POST", body: JSON.stringify(address),
      headers: { "content-type": "application/json", "@HEADER": token() } })
      .then(function (answer) { return answer.json(); })
      .then(function (said) {
        if (said.isValidAddress && said.isAddressUpdated) {
          by("glow-done").style.display = "block";
        } else { complain("Please enter a valid postcode"); }
      });
  }
})();
""".replace("@SELECTIONS", SELECTIONS)
    .replace("@SUBURBS", SUBURBS)
    .replace("@CHANGE", CHANGE)
    .replace("@HEADER", TOKEN_HEADER)
)
