/**
 * The report as pictures: horizontal bars of the compared number, one group for each load, with the range of the runs
 * as a whisker. SVG by hand; the HTML page is the SVG and the Markdown beside each other.
 */
import { METRICS } from "../measure/metrics.ts";
import { type Measured, type Row, type Table, tablesOf } from "./rows.ts";

const WIDTH = 860;
const LABEL = 250;
const BAR = 16;
const LINE = 22;
const HEAD = 46;
const COLOURS = { limit: "#9aa5b1", parley: "#0b7285", peer: "#d9a441", reference: "#b8b0a0" } as const;

export function chartSvg(measured: Measured): string {
  const tables = tablesOf(measured).filter(({ rows }) => rows.length > 1);
  let top = 0;
  const groups = tables.map((table) => {
    const group = `<g transform="translate(0 ${top})">${barsOf(table)}</g>`;
    top += HEAD + table.rows.length * LINE + 14;
    return group;
  });
  const style = `text{font:13px system-ui,sans-serif;fill:#1f2933}.h{font-weight:600}.n{fill:#52606d}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}">` +
    `<style>${style}</style><rect width="100%" height="100%" fill="#fff"/>${groups.join("\n")}</svg>\n`;
}

function barsOf({ scenario, load, rows }: Table): string {
  const { title } = METRICS[scenario.compare];
  const most = Math.max(...rows.map(({ values }) => values[scenario.compare]?.most ?? 0));
  const scale = (WIDTH - LABEL - 130) / (most || 1);
  const bars = rows.map((row, index) => barOf(row, scenario.compare, { scale, top: HEAD + index * LINE }));
  return `<text class="h" x="8" y="22">${escaped(scenario.title)}, ${escaped(load)}</text>` +
    `<text class="n" x="8" y="39">${escaped(title)}, less is better</text>${bars.join("")}`;
}

function barOf(row: Row, compare: Table["scenario"]["compare"], place: { scale: number; top: number }): string {
  const { scale, top } = place;
  const label = `<text x="${LABEL - 8}" y="${top + 13}" text-anchor="end">${escaped(row.title)}</text>`;
  const spread = row.values[compare];
  if (!spread) return label + `<text class="n" x="${LABEL}" y="${top + 13}">no number</text>`;
  const [least, median, most] = [spread.least, spread.median, spread.most].map((value) => LABEL + value * scale);
  const middle = top + BAR / 2;
  return label +
    `<rect x="${LABEL}" y="${top}" width="${median! - LABEL}" height="${BAR}" rx="2" fill="${
      COLOURS[row.server.kind]
    }"/>` +
    `<path d="M${least} ${middle}H${most}" stroke="#1f2933" stroke-width="1.5"/>` +
    `<text class="n" x="${most! + 6}" y="${top + 13}">${spread.median.toFixed(METRICS[compare].digits)}` +
    `${row.toLimit === undefined ? "" : ` · ${row.toLimit.toFixed(2)} × limit`}</text>`;
}

export function htmlReport(svg: string, markdown: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Parley measured</title>
<style>body{margin:2rem auto;max-width:1200px;font:15px system-ui,sans-serif}pre{overflow:auto;font-size:12px}</style>
<h1>Parley measured</h1>${svg}<pre>${escaped(markdown)}</pre>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
