/**
 * What is found at `/` where a server has no pages: what it is, and where to read on.
 */
import * as v from "valibot";
import type { Config } from "../config/config.ts";
import { VERSION } from "../version.ts";
import { type Route, route } from "./route.ts";

export function pointerRoute({ basePath }: Config): Route {
  return route({
    method: "GET",
    path: "/",
    needs: "nothing",
    about: "What this is, and where to read on",
    answer: v.object({ name: v.string(), version: v.string(), status: v.string(), description: v.string() }),
    serve: () => ({
      name: "parley",
      version: VERSION,
      status: `${basePath}/status`,
      description: `${basePath}/openapi.json`,
    }),
  });
}
