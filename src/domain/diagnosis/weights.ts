import type { ChangeKind } from "../change.ts";
import type { AmbientKind } from "./diagnosis.ts";

/**
 * The weights of everything but the signature (its own file): natural logarithms of likelihood ratios unless a name says
 * otherwise. `version` moves whenever a number does.
 */
export const WEIGHTS = {
  version: 1,

  /**
   * ln of the relative rate at which a change of this kind breaks something. Sources: change failure rates of 5 to 15 %
   * (DORA reports), configuration and prompt pushes being tested less than code.
   */
  changePrior: {
    prompt: 0.1,
    model: 0.1,
    data: -0.1,
    infra: -0.1,
    code: 0,
    config: 0,
    flag: -0.2,
    provider: 0,
  } satisfies Record<ChangeKind, number>,

  /**
   * ln of the relative rate of an ambient cause within the time that a fresh change would need to show. A provider's
   * interface has about one incident in two days, GPU nodes 2 to 7 failures in 1,000 node-days (issue 3), everything
   * else is rarer or slower.
   */
  ambientPrior: {
    provider_outage: -1.6,
    provider_throttling: -2.6,
    provider_silent_change: -1.9,
    gpu_fault: -2,
    serving_exhaustion: -2.2,
    organic_drift: -2.8,
    stale_data: -2.2,
    surge: -2.2,
    runaway_client: -2.8,
    broken_measurement: -2.4,
    application_fault: -2,
    unrecorded: -2.6,
  } satisfies Record<AmbientKind, number>,

  /** The open mass: something that nobody recorded and that no evidence speaks for. */
  unknownPrior: -1.2,

  /** Time kernel of a change: -slope · ln(1 + lag / scale), at least `floor`; `latent` takes a flat one. */
  time: {
    scaleSteps: 5,
    scaleMinMs: 4_000,
    scaleMaxMs: 900_000,
    slope: 1.5,
    slopeSlow: 0.8,
    floor: -5.5,
    latent: -2.2,
    during: 0.4,
  },

  reach: {
    focal: 0.8,
    dependency: 0.5,
    writer: 0.3,
    named: 0.5,
    callerLoads: 0.2,
    bringsLoad: 0.9,
    caller: -1.2,
    outside: -1.1,
    platform: -1.8,
    sibling: -2.6,
    stranger: -5,
  },
  /** A strong symptom that a change cannot have reached. */
  unreached: -2.6,
  harmless: -2.4,
  mitigation: -1.8,
  unversioned: -0.5,

  slice: { match: 3, mismatch: -3, spread: -1.6, share: -3, scopeSpared: -3.5 },
  words: { each: 0.5, most: 1.6 },
  status: { posted: 3.1, green: -0.35, greenLate: -1.2, lateMs: 1_800_000 },
} as const;
