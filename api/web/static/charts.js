// Draws each <figure class="chart"> from the numbers of its own table, with Chart.js.
"use strict";

const numberIn = (cell) => {
  const given = cell.dataset.value ?? cell.textContent;
  return given.trim() === "" ? null : Number(given);
};

function numbersOf(figure) {
  const table = figure.querySelector("table");
  const heads = [...table.tHead.rows[0].cells];
  // A column that is in the table alone has data-aside at its head.
  const drawnOnly = (cells) => [...cells].filter((_, at) => !("aside" in heads[at].dataset));
  const rows = [...table.tBodies[0].rows].map((row) => drawnOnly(row.cells));
  const labels = rows.map((cells) => cells[0].textContent.trim());
  const times = rows.map((cells) => cells[0].querySelector("time"));
  const isTimes = rows.length > 0 && times.every(Boolean);
  const firsts = isTimes ? times.map((time) => Date.parse(time.dateTime)) : rows.map((cells) => numberIn(cells[0]));
  const series = drawnOnly(heads).slice(1).map((head, at) => ({
    name: head.textContent.trim(),
    values: rows.map((cells) => (cells[at + 1] ? numberIn(cells[at + 1]) : null)),
  }));
  return { labels, isTimes, firsts, series, shown: rows.map((cells) => cells.map((cell) => cell.textContent.trim())) };
}

// A colour of the style sheet as the browser computes it: a canvas knows no light-dark().
function colour(figure, name) {
  const probe = figure.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return computed;
}

function configuration(figure) {
  const { labels, isTimes, firsts, series, shown } = numbersOf(figure);
  const kind = figure.dataset.kind;
  const [ink, line] = [colour(figure, "--soft"), colour(figure, "--line")];
  const isScatter = kind === "scatter";
  const isPlaced = isScatter || isTimes;
  const axis = (title) => ({
    title: { display: Boolean(title), text: title, color: ink },
    ticks: { color: ink },
    grid: { color: line },
  });
  const datasets = series.map(({ name, values }, at) => {
    const own = colour(figure, `--series-${(at % 4) + 1}`);
    return {
      label: name,
      data: isPlaced ? values.map((y, place) => ({ x: firsts[place], y })) : values,
      borderColor: own,
      backgroundColor: own,
      stepped: kind === "steps" ? "before" : false,
      pointRadius: isScatter || values.length < 60 ? 3 : 0,
      borderWidth: kind === "bar" ? 0 : 2,
      spanGaps: true,
    };
  });
  const x = axis(figure.dataset.x);
  if (isTimes) {
    x.type = "linear";
    // A single point stands in the middle of two days.
    [x.min, x.max] = [Math.min(...firsts), Math.max(...firsts)];
    if (x.min === x.max) [x.min, x.max] = [x.min - 864e5, x.max + 864e5];
    x.ticks.maxTicksLimit = Math.max(2, Math.min(8, Math.round((x.max - x.min) / 864e5) + 1));
    x.ticks.callback = (at) => new Date(at).toLocaleDateString([], { day: "numeric", month: "short" });
  }
  return {
    type: isScatter ? "scatter" : kind === "bar" ? "bar" : "line",
    data: { labels, datasets },
    options: {
      animation: false,
      maintainAspectRatio: false,
      plugins: {
        legend: { display: series.length > 1, labels: { color: ink } },
        tooltip: {
          callbacks: {
            title: (points) => points.map((at) => labels[at.dataIndex]).slice(0, 1),
            // As the table says it, with currency and spelling.
            label: (at) => `${series[at.datasetIndex].name}: ${shown[at.dataIndex][at.datasetIndex + 1]}`,
          },
        },
      },
      scales: { x, y: { ...axis(figure.dataset.y), beginAtZero: kind === "bar" } },
    },
  };
}

const drawn = new Map();

function draw(figure) {
  const frame = figure.querySelector(".canvas");
  if (!figure.querySelector("tbody tr")) return;
  frame.hidden = false;
  drawn.get(figure)?.destroy();
  drawn.set(figure, new Chart(frame.querySelector("canvas"), configuration(figure)));
}

function drawAll() {
  for (const [figure, chart] of drawn) {
    if (!figure.isConnected) {
      chart.destroy();
      drawn.delete(figure);
    }
  }
  document.querySelectorAll("figure.chart").forEach(draw);
}

document.addEventListener("DOMContentLoaded", drawAll);
document.addEventListener("htmx:after:swap", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
