/** Bundles the program that chats with webpack, for Node. */
import process from "node:process";
import webpack from "webpack";

const options = {
  mode: "production",
  entry: "./chat.mjs",
  target: "node22",
  experiments: { outputModule: true },
  externals: { ws: "module ws" },
  output: { path: import.meta.dirname, filename: "webpack.bundle.mjs", module: true },
};
webpack(options, (error, stats) => {
  if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
  console.error(error ?? stats.toString());
  process.exit(1);
});
