import type { Connector } from "./connector.ts";

/** Every connector there is; `test/contract/connectors.test.ts` runs over this list and compares it with the folder. */
export const connectors: readonly Connector[] = [];
