/**
 * Serves a page of React examples to the browser, on an origin of its own. No bundler: React's files are small CommonJS
 * modules, so a `require` of ten lines joins them, and the client of Socket.IO comes as an ES module already.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

function folderOf(name: string, from = require): string {
  return dirname(from.resolve(`${name}/package.json`));
}

function libraries(): string {
  const reactDom = folderOf("react-dom");
  const files = {
    "react": join(folderOf("react"), "cjs/react.production.js"),
    "react-dom": join(reactDom, "cjs/react-dom.production.js"),
    "react-dom/client": join(reactDom, "cjs/react-dom-client.production.js"),
    "scheduler": join(
      folderOf("scheduler", createRequire(join(reactDom, "package.json"))),
      "cjs/scheduler.production.js",
    ),
  };
  const modules = Object.entries(files).map(([name, file]) => {
    return `${JSON.stringify(name)}: (module, exports, require) => {\n${readFileSync(file, "utf8")}\n}`;
  });
  return `const modules = {${modules.join(",\n")}};
    const loaded = {};
    function require(name) {
      if (!loaded[name]) modules[name](loaded[name] = { exports: {} }, loaded[name].exports, require);
      return loaded[name].exports;
    }
    export const React = require("react");
    export const { createRoot } = require("react-dom/client");
    export { io } from "./socket.io.js";`;
}

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><div id="root"></div>
  <script type="module">
    globalThis.libraries = await import("./libraries.js");
    await import("./app.js");
  </script>`;

export class PageServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `app`: the page's module. */
  static async start(app: URL): Promise<PageServer> {
    const client = join(folderOf("socket.io-client"), "dist/socket.io.esm.min.js");
    const files: Record<string, [type: string, content: string]> = {
      "/": ["text/html", PAGE],
      "/app.js": ["text/javascript", readFileSync(fileURLToPath(app.href), "utf8")],
      "/libraries.js": ["text/javascript", libraries()],
      "/socket.io.js": ["text/javascript", readFileSync(client, "utf8")],
    };
    const server = createServer((request, response) => {
      const [type, content] = files[request.url!.split("?")[0]!] ?? ["text/plain", ""];
      response.writeHead(content === "" ? 404 : 200, { "content-type": type }).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new PageServer(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
