// What an integration writes on top of the generated types. It must compile; what is marked must not.
import type { components, operations, paths, webhooks } from "./dakehu";

type Body<Name extends keyof webhooks> =
  webhooks[Name] extends { post: { requestBody: { content: { "application/json": infer Content } } } } ? Content : never;

export function taken(event: Body<"DealWon"> | Body<"DealLost"> | Body<"left_scope">): string {
  switch (event.type) {
    case "DealWon":
      return `${event.subject}: ${event.data.currency} ${event.data.standing.amount ?? "?"}`;
    case "DealLost":
      return `${event.subject}: ${event.data.reason}`;
    case "left_scope":
      return `${event.subject}: dropped at ${event.position}`;
  }
}

type Won = operations["opportunities.win"];
export const asked: Won["parameters"]["path"] = { opportunity_id: "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11" };
export const version = (receipt: Won["responses"][200]["content"]["application/json"]): number => receipt.version;
export const code = (problem: components["schemas"]["Problem"]): string => problem.code;
export type Feed = paths["/v1/events"]["get"];

// @ts-expect-error no such event
export type Nothing = webhooks["DealForgotten"];
// @ts-expect-error an amount is text
export const wrong = (event: Body<"DealWon">): number => event.data.amount;
