/**
 * The version of this program, as `--version`, /status and the start of the log say it. A test holds it against
 * package.json, which is not a part of what is compiled.
 */
export const VERSION = "0.1.0";
