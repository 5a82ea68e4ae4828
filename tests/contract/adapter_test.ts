/** The adapter of the runtime that this file runs in keeps the contract. */
import { adapterForThisRuntime } from "../harness.ts";
import { adapterContract } from "./adapter.ts";

adapterContract(adapterForThisRuntime);
