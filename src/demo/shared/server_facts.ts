/**
 * What the server that sent this page has written into it: which dialects it speaks, and where.
 */
export interface ServerFacts {
  paths: { envelope: string; socketio: string; ws: string };
  dialects: string[];
}

export const server: ServerFacts = JSON.parse(document.documentElement.dataset.server ?? "{}");
