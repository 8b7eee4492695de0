import { connectors } from "../connectors/index.ts";

/** Prints every connector there is. */
export function listConnectors(json: boolean): void {
  for (const { id, about } of connectors)
    console.log(json ? JSON.stringify({ id, about }) : `${id.padEnd(16)} ${about}`);
}
