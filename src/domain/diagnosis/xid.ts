/** Whose fault an NVIDIA XID usually is, and what the catalogue wants done at once. */
export interface XidMeaning {
  readonly about: "hardware" | "application" | "driver" | "consequence";
  readonly what: string;
  readonly action: string;
}

const groups: readonly (readonly [XidMeaning["about"], string, Readonly<Record<number, string>>])[] = [
  [
    "hardware",
    "RESET_GPU",
    {
      46: "GPU stopped processing",
      48: "uncorrectable ECC error",
      62: "PMU halt",
      64: "row remapping failed",
      95: "uncontained ECC error",
      110: "security fault",
      136: "link training failed",
      140: "unrecovered ECC error",
      143: "GPU initialisation failed",
      155: "NVLink error",
      156: "resource retirement",
      158: "fatal timeout",
      171: "uncorrectable error in DRAM",
      172: "uncorrectable error in SRAM",
    },
  ],
  ["hardware", "RESTART_BM", { 79: "GPU has fallen off the bus", 167: "fatal PCIe timeout" }],
  ["hardware", "CHECK_MECHANICALS", { 54: "auxiliary power not connected" }],
  [
    "hardware",
    "WORKFLOW_NVLINK",
    {
      74: "NVLink error",
      137: "NVLink privilege error",
      144: "NVLink error (SAW)",
      145: "NVLink error (RLW)",
      146: "NVLink error (TLW)",
      147: "NVLink error (TREX)",
      148: "NVLink error (NVLPW)",
      149: "NVLink error (NETIR)",
      150: "NVLink error (MSE)",
    },
  ],
  [
    "hardware",
    "IGNORE",
    {
      63: "row remapped",
      92: "high rate of corrected ECC errors",
      121: "corrected C2C link error",
      157: "resource retirement failed",
      160: "channel retired",
      161: "channel retirement failed",
      168: "running with less memory",
    },
  ],
  ["hardware", "RESTART_APP", { 94: "contained ECC error" }],
  [
    "application",
    "RESTART_APP",
    {
      8: "GPU stopped processing",
      13: "graphics engine exception",
      31: "MMU page fault",
      69: "graphics class error",
      80: "corrupted data sent",
    },
  ],
  ["application", "IGNORE", { 43: "channel reset, GPU healthy" }],
  ["driver", "RESET_GPU", { 109: "context switch timeout", 119: "GSP RPC timeout", 120: "GSP error" }],
  [
    "driver",
    "UPDATE_SWFW",
    { 32: "corrupted push buffer", 38: "driver firmware error", 61: "PMU breakpoint", 78: "vGPU start error" },
  ],
  ["consequence", "IGNORE", { 45: "channel removed after another fault", 154: "recovery action changed" }],
];

/**
 * Meaning of the codes that matter, after NVIDIA's catalogue (docs.nvidia.com/deploy/xid-errors), as
 * `reference/signals.md` B.9 tells it.
 */
export function xidMeaning(code: number): XidMeaning | null {
  for (const [about, action, codes] of groups) {
    const what = codes[code];
    if (what !== undefined) return { about, what, action };
  }
  return null;
}

/** The code of a kernel log line such as `NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus`, or null. */
export function xidIn(line: string): number | null {
  const found = /\bxid\b\s*(?:\([^)]*\))?\s*[:=]?\s*(\d{1,3})\b/i.exec(line);
  return found === null ? null : Number(found[1]);
}
