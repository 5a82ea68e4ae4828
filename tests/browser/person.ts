/**
 * Somebody in the example chat, in a browser of their own.
 */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { complaintsOf, picture } from "./browser.ts";

export class Person {
  readonly page: Page;
  readonly complaints: string[];

  private constructor(page: Page) {
    this.page = page;
    this.complaints = complaintsOf(page);
  }

  static async enter(
    browser: Browser,
    url: string,
    name: string,
    options: BrowserContextOptions = {},
  ): Promise<Person> {
    const person = new Person(await (await browser.newContext(options)).newPage());
    await person.page.goto(`${url}/chat`);
    await person.page.getByLabel("Your name").fill(name);
    await person.page.keyboard.press("Enter");
    await person.page.getByText(/Only you|\d people/).first().waitFor();
    return person;
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel(/^Message to/).fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** The bubble that holds exactly this. */
  bubble(text: string): Locator {
    return this.page.locator(".message .bubble").getByText(text, { exact: true });
  }

  /** The message that holds exactly this. */
  message(text: string): Locator {
    return this.page.getByRole("article").filter({ has: this.page.getByText(text, { exact: true }) });
  }

  texts(): Promise<string[]> {
    return this.page.locator(".message .bubble").allTextContents();
  }

  sees(text: string): Promise<void> {
    return this.page.locator(".message .bubble", { hasText: text }).first().waitFor();
  }

  picture(name: string): Promise<void> {
    return picture(this.page, name);
  }
}
