import type { Change } from "../change.ts";

/** What a change has to touch to bring forth errors of a family: words of its target, title, summary and values. */
const TOUCHING: Readonly<Record<string, RegExp>> = {
  network:
    /\b(dns|zones?|records?|ingress|egress|network|vpc|subnet|firewall|proxy|mesh|gateway|endpoints?|hosts?|ports?|urls?|connections?)\b/,
  certificate: /\b(certs?|certificates?|tls|ssl|ca|issuer|mtls)\b/,
  expired: /\b(certs?|certificates?|secrets?|tokens?|keys?|licen[cs]es?|credentials?|rotat\w+)\b/,
  secret: /\b(secrets?|tokens?|keys?|credentials?|auth\w*|rotat\w+|permissions?|roles?|rbac|iam|acl|login|scopes?)\b/,
  retired: /\b(models?|versions?|alias|v\d+|deprecat\w+|retire\w*|api)\b/,
  rate_limit: /\b(limits?|quotas?|fair use|throttl\w+|budgets?|retr(y|ies)|concurren\w+|parallel)\b/,
  quota: /\b(quotas?|budgets?|billing|plan|keys?|accounts?)\b/,
  driver: /\b(drivers?|cuda|images?|kernel|runtime|operator|libraries)\b/,
  nccl: /\b(nccl|network|nodes?|tensor|parallel|tp|pp|driver|infiniband|mtu)\b/,
  image: /\b(images?|registry|tags?|pull)\b/,
  host_memory: /\b(memory|limits?|heap|cache|workers?|resources?)\b/,
  gpu_memory:
    /\b(memory|utili[sz]ation|batch\w*|max model len|sequences|kv|quanti\w+|parallel|tp|models?|context|replicas?|cards?)\b/,
  swap: /\b(swap|memory|batch\w*|kv|engine|vllm|scheduler|preempt\w*)\b/,
  model_load: /\b(models?|weights|checkpoints?|adapters?|tokeni[sz]er|registry|path|tags?|runner|engine|format)\b/,
  dimension: /\b(embed\w*|dimensions?|vectors?|index(es)?|encoder)\b/,
  data: /\b(schema|columns?|tables?|partitions?|index(es)?|features?|lookup|snapshot|feed|source|dataset|migrat\w+|backfill|joins?)\b/,
  context:
    /\b(context|length|window|limits?|history|memory|documents?|max (model len|tokens)|chunks?|smaller|thread)\b/,
  format: /\b(json|schema|formats?|fields?|template|tools?|prompts?|structured|settings|definitions?|dates?)\b/,
  refusal: /\b(safety|policy|guardrails?|filters?|moderation|block\w*|word list)\b/,
  pool: /\b(pool|connections?|threads?|workers?|limits?|timeouts?|database|db)\b/,
  crash: /\b(nodes?|pools?|limits?|resources?|images?|probes?|replicas?|affinity|taints?|quota)\b/,
  timeout: /\b(timeouts?|deadline|retr(y|ies)|pool|limits?)\b/,
};

/** Whether the words of a change speak of what errors of this family are about. */
export function touches({ title, summary, target, before, after }: Change, family: string): boolean {
  const text = [title, summary, target, before, after]
    .join(" ")
    .toLowerCase()
    .replaceAll(/[_\-/.:=]+/g, " ");
  return TOUCHING[family]?.test(text) ?? false;
}
