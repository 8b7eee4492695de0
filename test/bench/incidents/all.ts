import type { Sketch } from "./sketch.ts";
import { APP_SKETCHES } from "./sketches-app.ts";
import { DATA_SKETCHES } from "./sketches-data.ts";
import { GPU_SKETCHES } from "./sketches-gpu.ts";
import { MODEL_SKETCHES } from "./sketches-model.ts";
import { PROMPT_SKETCHES } from "./sketches-prompt.ts";
import { PROVIDER_SKETCHES } from "./sketches-provider.ts";
import { REST_SKETCHES } from "./sketches-rest.ts";

/** Incidents that the project made up for itself, after public reports; nothing of them comes from the recorded set. */
export const SKETCHES: readonly Sketch[] = [
  ...PROVIDER_SKETCHES,
  ...GPU_SKETCHES,
  ...MODEL_SKETCHES,
  ...PROMPT_SKETCHES,
  ...DATA_SKETCHES,
  ...APP_SKETCHES,
  ...REST_SKETCHES,
];
