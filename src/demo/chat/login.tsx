/**
 * The door: any name will do. The first token is fetched here, so that a refusal is read here and not on an empty chat.
 */
import { type FormEvent, useState } from "react";
import { tokenFor } from "../shared/server.ts";

export function Login({ onLogin }: { onLogin(name: string): void }) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const enter = async (event: FormEvent) => {
    event.preventDefault();
    const chosen = name.trim();
    if (!chosen) return setProblem("Please enter a name.");
    try {
      await tokenFor(chosen);
      onLogin(chosen);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <main className="door">
      <form onSubmit={enter}>
        <h1>Parley chat</h1>
        <p>A small chat that survives a bad network. Pick a name; open a second tab for somebody else.</p>
        <label htmlFor="name">Your name</label>
        <input
          id="name"
          className="field"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={32}
          autoComplete="nickname"
          autoFocus
          aria-describedby="problem"
        />
        <button type="submit" className="primary">Enter</button>
        <p id="problem" role="alert" className="problem">{problem}</p>
      </form>
    </main>
  );
}
