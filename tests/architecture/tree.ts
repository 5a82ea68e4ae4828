/**
 * The rules that need all files of src/ at once: circles, layers, names, and what only the composition root may know.
 *
 * Each returns one line for each place that breaks it. The rules for one file at a time are in architecture_test.ts.
 */
import { posix } from "node:path";
import {
  ABOVE_THEIR_FOLDER,
  DEPENDENCY_PLACES,
  MAX_LAYERS,
  MAX_TOP_ENTRIES,
  MAY_IMPORT,
  PAGES,
  PARTS,
  PARTS_OF_OTHERS,
  ROOT,
} from "./layers.ts";
import { isOurs, moduleOf, packageOf, resolve, type Source, unitOf } from "./source.ts";

/** Each dependency has one home; the table names the homes that were chosen, and any other gets the first one it is seen in. */
export function misplacedDependencies(all: Source[]): string[] {
  const homes = new Map(Object.entries(DEPENDENCY_PLACES));
  return all.flatMap((source) =>
    source.imports.flatMap(({ line, specifier }) => {
      const name = packageOf(specifier);
      if (!name) return [];
      const places = homes.get(name) ?? [unitOf(source.path)];
      homes.set(name, places);
      const here = [unitOf(source.path), moduleOf(source.path)];
      if (places.some((place) => here.includes(place))) return [];
      return [`${source.path}:${line}: ${name} belongs to ${places.join(", ")} and is not imported anywhere else`];
    })
  );
}

/** Imports of types count too: who reads one file of a circle has to read all of them. */
export function circles(all: Source[]): string[] {
  return circlesIn(graphOf(all, (path) => path)).map((circle) => `${circle.join(" → ")}: a circle of imports`);
}

/** The same for folders and the files beside them. */
export function circlesOfUnits(all: Source[]): string[] {
  return circlesIn(graphOf(all, layerOf)).map((circle) => `${circle.join(" → ")}: a circle of folders`);
}

/** The longest chain of imports from unit to unit, if it is too long. */
export function tooManyLayers(all: Source[]): string[] {
  const graph = graphOf(all, layerOf);
  const chains = new Map<string, string[]>();
  const chainOf = (unit: string, above: string[] = []): string[] => {
    const known = chains.get(unit);
    if (known || above.includes(unit)) return known ?? [];
    let longest: string[] = [];
    for (const target of graph.get(unit) ?? []) {
      const chain = chainOf(target, [...above, unit]);
      if (chain.length > longest.length) longest = chain;
    }
    const chain = [unit, ...longest];
    chains.set(unit, chain);
    return chain;
  };
  return [...graph.keys()].map((unit) => chainOf(unit)).filter(({ length }) => length > MAX_LAYERS)
    .map((chain) => `${chain.join(" → ")}: ${chain.length} layers are more than ${MAX_LAYERS}`);
}

/** Who reads a type's name in an error or in a search must not have to ask which one is meant. */
export function repeatedTypes(all: Source[]): string[] {
  const places = new Map<string, string>();
  return all.flatMap((source) =>
    source.code.flatMap((code, index) => {
      const name = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|enum) ([A-Z]\w*)/.exec(code)?.[1];
      if (name === undefined) return [];
      const key = `${programOf(source.path)} ${name}`;
      const first = places.get(key);
      places.set(key, first ?? source.path);
      return first === undefined ? [] : [`${source.path}:${index + 1}: ${name} is a type of ${first} already`];
    })
  );
}

/** The server, the client and each page run apart from each other. */
function programOf(path: string): string {
  return path.startsWith("src/client/") ? "client" : PAGES.find((page) => path.startsWith(page)) ?? "server";
}

/** Whoever looks into src/ for the first time has to see what there is. */
export function tooManyEntries(names: readonly string[]): string[] {
  return names.length <= MAX_TOP_ENTRIES ? [] : [`src: ${names.length} entries are more than ${MAX_TOP_ENTRIES}`];
}

/** Runtimes, brokers and verifiers can be replaced because one file alone puts them together. */
export function partsKnownElsewhere(all: Source[]): string[] {
  return all.filter(({ path }) => path !== ROOT).flatMap((source) =>
    source.imports.filter(({ specifier }) => isOurs(specifier)).flatMap(({ line, specifier }) => {
      const target = resolve(source, specifier);
      const unit = unitOf(target);
      if (!PARTS.includes(unit) || unit === unitOf(source.path)) return [];
      const friends = PARTS_OF_OTHERS[moduleOf(target)] ?? [];
      if (friends.some((row) => row === unitOf(source.path) || row === moduleOf(source.path))) return [];
      return [`${source.path}:${line}: only ${ROOT} knows ${unit} ("${specifier}")`];
    })
  );
}

/** A unit, or a folder in it that has a row of its own, or a file above its folder. */
function layerOf(path: string): string {
  if (ABOVE_THEIR_FOLDER.includes(moduleOf(path))) return moduleOf(path);
  const folder = `${posix.dirname(path).replace(/^src\/?/, "")}/`;
  return folder in MAY_IMPORT ? folder : unitOf(path);
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function graphOf(all: Source[], nodeOf: (path: string) => string): Graph {
  const graph = new Map<string, Set<string>>();
  for (const source of all) {
    const node = nodeOf(source.path);
    const targets = graph.get(node) ?? new Set();
    graph.set(node, targets);
    for (const { specifier } of source.imports) {
      const target = isOurs(specifier) ? resolve(source, specifier) : "";
      if (!target.startsWith("src/") || !/\.tsx?$/.test(target)) continue;
      if (nodeOf(target) !== node || target === source.path) targets.add(nodeOf(target));
    }
  }
  return graph;
}

/** One circle for each way back that a walk over the graph meets. */
function circlesIn(graph: Graph): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string, trail: string[]): void => {
    if (trail.includes(node)) return void found.push([...trail.slice(trail.indexOf(node)), node]);
    if (done.has(node)) return;
    done.add(node);
    for (const target of graph.get(node) ?? []) visit(target, [...trail, node]);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
