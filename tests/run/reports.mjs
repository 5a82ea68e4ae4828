/**
 * Readers of what `bun test` and `deno test` print: line by line, they show each finished file, keep the text of failures
 * and drop the rest. The counts come from the runners' own closing lines, so a line that is not understood costs nothing
 * but a worse picture. Used by parts.mjs; they print, and decide nothing.
 */

/** One line of progress per finished file. */
class Progress {
  #file = "";
  #passed = 0;
  #failed = 0;
  #startedMs = 0;

  /** @param {string} file */
  begin(file) {
    this.end();
    this.#file = file;
    this.#startedMs = performance.now();
  }

  /** @param {boolean} ok */
  count(ok) {
    if (ok) this.#passed++;
    else this.#failed++;
  }

  end() {
    if (this.#file !== "") {
      const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
      const verdict = this.#failed > 0
        ? `FAILED ${this.#failed} of ${this.#passed + this.#failed}`
        : `ok ${this.#passed}`;
      console.log(`  ${this.#file}  ${verdict} (${seconds} s)`);
    }
    this.#file = "";
    this.#passed = 0;
    this.#failed = 0;
  }
}

/**
 * `bun test`: what belongs to a test stands before its line `(pass) name` or `(fail) name`,
 * except the remark that it ran out of time, which follows. At the end it names the failed ones of a long run once more.
 */
export class BunReport {
  failures = "";
  #progress = new Progress();
  #file = "";
  #pending = "";
  #passed = 0;
  #failed = 0;
  #isOver = false;

  /** @param {string} line */
  read(line) {
    this.#isOver ||= /^\d+ tests? failed:$/.test(line);
    const file = /^(\S+_test\.tsx?):$/.exec(line)?.[1];
    const verdict = /^\((pass|fail|skip|todo)\) /.exec(line)?.[1];
    const closing = /^ (\d+) (pass|fail)$/.exec(line);
    if (file) this.#begin(file);
    else if (verdict && !this.#isOver) this.#judge(verdict === "fail", line);
    else if (closing) this.#close(closing[2], Number(closing[1]));
    else if (/^ {2}\^ this test timed out/.test(line)) this.failures += `${line}\n`;
    else this.#pending += `${line}\n`;
  }

  finish() {
    this.#progress.end();
    return { passed: this.#passed, failed: this.#failed };
  }

  /** @param {string} file */
  #begin(file) {
    this.#leaveFile();
    this.#file = file;
    this.#progress.begin(file);
  }

  /** What stands after the last test of a file is worth showing only if it is an error of the file itself. */
  #leaveFile() {
    if (this.#pending.includes("# Unhandled error")) {
      this.#progress.count(false);
      this.failures += `${this.#file}\n${this.#pending}`;
    }
    this.#pending = "";
  }

  /** @param {boolean} failed @param {string} line */
  #judge(failed, line) {
    this.#progress.count(!failed);
    if (failed) this.failures += `${this.#file} ${line}\n${this.#pending}\n`;
    this.#pending = "";
  }

  /** @param {string} kind @param {number} count */
  #close(kind, count) {
    this.#leaveFile();
    if (kind === "pass") this.#passed = count;
    else this.#failed = count;
  }
}

/** `deno test`: all failures are told together, between the headings ERRORS and FAILURES. */
export class DenoReport {
  failures = "";
  #progress = new Progress();
  #inErrors = false;
  #passed = 0;
  #failed = 0;

  /** @param {string} line */
  read(line) {
    const file = /^running \d+ tests? from \.?\/?(\S+)$/.exec(line)?.[1];
    const verdict = /\.\.\. (ok|FAILED|ignored)(?: |$)/.exec(line)?.[1];
    const closing = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/.exec(line);
    if (line === " ERRORS " || line === " FAILURES ") this.#inErrors = line === " ERRORS ";
    else if (closing) [this.#passed, this.#failed] = [Number(closing[1]), Number(closing[2])];
    else if (this.#inErrors) this.failures += `${line}\n`;
    else if (file) this.#progress.begin(file);
    else if (verdict && !line.startsWith(" ")) this.#progress.count(verdict !== "FAILED");
  }

  finish() {
    this.#progress.end();
    return { passed: this.#passed, failed: this.#failed };
  }
}
