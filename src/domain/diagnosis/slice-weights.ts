import type { Mechanism } from "./hypothesis.ts";
import { readWeights } from "./mechanism-weights.ts";

/**
 * What it says of a mechanism that one value of a dimension is hit and its peers are not. Source: how the blast radius of
 * such faults is drawn (hardware by node, outages by region or provider, prompts and models everywhere that they serve).
 */
export const AMBIENT_BY_DIMENSION: Readonly<Record<string, Readonly<Partial<Record<Mechanism, number>>>>> = {
  node: readWeights(
    "gpu 2.2, infra 0.4, exhaust -0.6, outage -2, throt -2, silent -2, prov -2, prompt -2, model -1, data -2, stale -2, drift -2, app -1, fault -1, surge -1.5, client -1.2, dem -1.5, meas -1",
  ),
  gpu_pool: readWeights(
    "gpu 0.8, infra 0.5, exhaust 0.5, outage -1.5, throt -1.5, silent -1.5, prompt -1, data -1, stale -1, drift -1, meas -1",
  ),
  region: readWeights(
    "gpu 0.5, infra 0.4, exhaust 0.1, outage 0.7, throt 0.2, prov 0.4, silent -0.4, prompt -1, model -0.8, data -0.2, stale 0.3, drift -0.5, app -0.2, surge -0.2, client -0.3, meas -1",
  ),
  provider: readWeights(
    "outage 1.2, throt 1.2, silent 1.2, prov 1, prompt -1.2, model -0.4, data -1.8, stale -1.8, drift -1.8, app -0.8, fault -1, gpu -2, exhaust -2, infra -1.5, surge -1.2, client -1.2, dem -1, meas -1.2",
  ),
  tenant: readWeights(
    "client 1.5, drift 0.5, stale 0.2, data 0.2, surge -0.3, outage -1.5, throt -0.3, silent -1.2, prov -1, gpu -1.5, infra -1, exhaust -0.5, prompt -0.3, model -0.6, meas -0.6",
  ),
  route: readWeights(
    "app 0.3, fault 0.2, prompt 0.2, outage -0.7, throt -0.6, silent -0.4, prov -0.1, gpu -0.8, infra -0.3, exhaust -0.4, surge -0.2, drift -0.3, meas -0.4",
  ),
  feature: readWeights(
    "app 0.2, prompt 0.2, model 0.2, data 0.3, stale 0.4, drift 0.1, outage -1, throt -0.8, prov -0.5, gpu -1.2, infra -0.8, exhaust -0.8, surge -0.5",
  ),
  language: readWeights(
    "drift 0.6, model 0.2, data 0.3, prompt 0.1, app 0.1, stale 0.1, outage -1.5, throt -1.2, prov -0.8, gpu -1.8, infra -1.2, exhaust -1.2, surge -0.6, client -0.4",
  ),
};
