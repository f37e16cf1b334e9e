// What every page does with a script: times in the reader's zone, questions before what cannot be undone.
"use strict";

function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    time.title = time.dateTime;
    time.dataset.local = "";
  }
}

// A form with a question asks it before it is sent, and leaves it out then: the server need not ask.
document.addEventListener("submit", (event) => {
  const question = event.target.elements.namedItem("ask");
  if (!question) return;
  if (window.confirm(question.value)) question.disabled = true;
  else event.preventDefault();
}, true);

// A part that is asked for again and again says which version it has: the answer 304 leaves it alone.
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const version = ctx.sourceElement?.dataset?.etag;
  if (version) ctx.request.headers["If-None-Match"] = version;
});
// The part may be another element by now, with the same id.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const version = ctx.response?.headers.get("ETag");
  const part = document.getElementById(ctx.sourceElement?.id);
  if (version && part) part.dataset.etag = version;
});

// A part that is asked for in vain stays as it is, and the page says so.
let answeredAt = new Date();
function note(isSilent) {
  const silent = document.getElementById("silent");
  if (!isSilent) answeredAt = new Date();
  silent.querySelector("span").textContent = answeredAt.toLocaleTimeString();
  silent.hidden = !isSilent;
}
document.addEventListener("htmx:error", () => note(true));
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => note(ctx.response.status >= 500));

// What is shown of a form as it was sent is out of date once the form is changed.
document.addEventListener("input", ({ target }) => {
  const note = target.form?.querySelector(".stale");
  if (note) note.hidden = !document.querySelector("#shown.of-form");
});

// An empty time zone is the reader's own.
for (const field of document.querySelectorAll(".own-zone input")) {
  field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
}

document.addEventListener("DOMContentLoaded", () => showTimes(document));
document.addEventListener("htmx:after:swap", () => showTimes(document));
