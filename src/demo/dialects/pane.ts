/**
 * The view of one client: who is there, the conversation, a field to write in, and the frames.
 */
import { server } from "../shared/server.ts";
import { StickyScroll } from "../shared/sticky_scroll.ts";
import { coloured, kindOf } from "./frame_text.ts";

/** Frames, and lines of the conversation: others may write for as long as the page is open. */
const ENTRIES_KEPT = 200;

export type State = "offline" | "connecting" | "online";

/** What a visitor does in it. */
export interface PaneActions {
  /** Another dialect. */
  choose(): void;
  /** Connects or disconnects. */
  toggle(): void;
  say(text: string): void;
  type(): void;
}

export interface Speech {
  sender: string;
  name: string;
  text: string;
  /** The text is JSON. */
  isData: boolean;
  isMine: boolean;
  isMissed: boolean;
}

export class Pane {
  readonly input: HTMLInputElement;
  readonly #root: HTMLElement;
  readonly #choice: HTMLSelectElement;
  readonly #log: HTMLElement;
  readonly #frames: HTMLElement;
  readonly #framesScroll: StickyScroll;
  /** Whose speech the log ends with. */
  #speaker?: string;

  constructor(name: string, dialect: string, actions: PaneActions) {
    const template = document.querySelector<HTMLTemplateElement>("#pane")!;
    const fragment = template.content.cloneNode(true) as DocumentFragment;
    this.#root = fragment.querySelector(".pane")!;
    this.#root.setAttribute("aria-label", name);
    this.#find(".avatar").textContent = name[0]!;
    this.#find("h2").textContent = name;
    this.#log = this.#find(".lines");
    new StickyScroll(this.#find(".log"));
    this.#frames = this.#find(".frames ol");
    this.#framesScroll = new StickyScroll(this.#find(".frames"));
    this.input = this.#find<HTMLInputElement>(".say input");
    this.input.setAttribute("aria-label", `Message of ${name}`);
    this.#choice = this.#find<HTMLSelectElement>(".choice");
    this.#choice.append(...server.dialects.map((each) => new Option(each, each, false, each === dialect)));
    this.#root.dataset.dialect = this.dialect;
    this.#listen(actions);
    document.querySelector("#panes")!.append(fragment);
  }

  get dialect(): string {
    return this.#choice.value;
  }

  get state(): State {
    return this.#root.dataset.state as State;
  }

  set state(state: State) {
    this.#root.dataset.state = state;
    this.#find(".state").textContent = state;
    this.#find(".switch").textContent = state === "offline" ? "Connect" : "Disconnect";
    this.#find<HTMLButtonElement>(".say button").disabled = state !== "online";
  }

  set address(path: string) {
    this.#find(".address").textContent = path;
  }

  fail(reason: string): void {
    this.state = "offline";
    this.note(reason, "bad");
  }

  empty(): void {
    this.#speaker = undefined;
    this.#log.replaceChildren();
    this.#frames.replaceChildren();
  }

  /** `unlisted` is how many more are in the room. */
  showPeople(names: string[], unlisted: number): void {
    const here = names.length + unlisted;
    // There are rooms that tell nobody who is in them.
    if (this.state === "online") this.#find(".state").textContent = here > 0 ? `${here} here` : "online";
    const more = unlisted > 0
      ? [element("li", "more", names.length > 0 ? `and ${unlisted} more` : `${unlisted} people`)]
      : [];
    this.#find(".people").replaceChildren(...names.map((name) => element("li", "", name)), ...more);
  }

  showTyping(names: string[]): void {
    const dots = [1, 2, 3].map(() => element("i"));
    const words = `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing`;
    this.#find(".typing").replaceChildren(...(names.length > 0 ? [words, ...dots] : []));
  }

  /** Who goes on speaking is named once. */
  say({ sender, name, text, isData, isMine, isMissed }: Speech): void {
    const classes = ["bubble", isMine && "mine", isMissed && "missed", isData && "data"];
    const bubble = element("p", classes.filter(Boolean).join(" "));
    if (sender === this.#speaker) bubble.classList.add("following");
    else if (!isMine) bubble.append(element("b", "by", name));
    bubble.append(text);
    this.#log.append(bubble);
    forgetOldest(this.#log);
    this.#speaker = sender;
  }

  note(text: string, tone = ""): void {
    this.#log.append(element("p", `note ${tone}`, text));
    forgetOldest(this.#log);
    this.#speaker = undefined;
  }

  frame(way: "sent" | "got", text: string): void {
    const details = element("details");
    const summary = element("summary");
    const arrow = element("span", "way", way === "sent" ? "↑" : "↓");
    arrow.title = way === "sent" ? "sent" : "received";
    summary.append(arrow, element("span", "kind", kindOf(text)), element("span", "text", text));
    const pre = element("pre");
    details.append(summary, pre);
    const item = element("li", `${way} fresh`);
    item.append(details);
    summary.onclick = () => {
      this.#framesScroll.hold(item);
      // Made when somebody looks.
      if (pre.childNodes.length > 0) return;
      pre.append(...coloured(text).map(({ text, colour }) => colour ? element("span", colour, text) : text));
    };
    this.#frames.append(item);
    forgetOldest(this.#frames);
  }

  #find<Found extends HTMLElement = HTMLElement>(selector: string): Found {
    return this.#root.querySelector<Found>(selector)!;
  }

  #listen(actions: PaneActions): void {
    this.#choice.onchange = () => {
      this.#root.dataset.dialect = this.dialect;
      actions.choose();
    };
    this.#find(".switch").onclick = () => actions.toggle();
    this.#find(".clear").onclick = () => this.#frames.replaceChildren();
    this.input.oninput = () => actions.type();
    this.#find<HTMLFormElement>(".say").onsubmit = (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (text === "" || this.state !== "online") return;
      this.input.value = "";
      actions.say(text);
    };
    const tabs = [...this.#root.querySelectorAll<HTMLButtonElement>(".tabs button")];
    for (const tab of tabs) {
      tab.onclick = () => {
        this.#root.dataset.tab = tab.dataset.shows;
        for (const each of tabs) each.setAttribute("aria-pressed", String(each === tab));
      };
    }
  }
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  text = "",
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function forgetOldest(list: HTMLElement): void {
  while (list.children.length > ENTRIES_KEPT) list.firstElementChild!.remove();
}
