/** Whose fault an NVIDIA XID usually is, and what the catalogue wants done at once. */
export interface XidMeaning {
  readonly about: "hardware" | "application" | "driver" | "consequence";
  readonly what: string;
  /** As NVIDIA names it; `NONE` where it names nothing. */
  readonly action: string;
}

/**
 * Every code in use: whose it is, the immediate action, the codes, what happened. Source of codes and actions: NVIDIA's
 * catalogue (docs.nvidia.com/deploy/xid-errors); whose it is follows its investigatory action and `reference/signals.md`
 * B.9: what wants the application checked is the application's, what wants firmware or driver looked at the driver's.
 */
const TABLE = `
application CONTACT_SUPPORT 142 video encoder error
application IGNORE 43 channel reset, the GPU itself is well
application IGNORE 141 CUDA fast path error
application RESTART_APP 8 GPU stopped processing
application RESTART_APP 11 corrupted push buffer
application RESTART_APP 13 graphics engine exception
application RESTART_APP 25 illegal push buffer
application RESTART_APP 31 GPU memory page fault
application RESTART_APP 39,40,41 copy engine exception
application RESTART_APP 60 video processor exception
application RESTART_APP 68,83,84,88,89,96,97,98 video decoder error
application RESTART_APP 69 graphics engine class error
application RESTART_APP 70,71,72,75,76,77,85,126,127,128,129,130,131,132,133,134,135 copy engine error
application RESTART_APP 80 corrupted data sent to the GPU
application RESTART_APP 82,99,100,101,102,103,104,105 image decoder error
application RESTART_APP 86,139 optical flow engine error
consequence IGNORE 106,107 test message
consequence IGNORE 160 channel retired
consequence NONE 162 power smoothing engaged again
consequence WORKFLOW_XID_45 45 channel removed after an earlier fault
consequence XID_154 154 recovery action changed
driver CHECK_UVM 159 coherent interface error
driver IGNORE 37,38 driver firmware error
driver IGNORE 44 engine fault during a context switch
driver IGNORE 66,67 illegal access by the driver
driver IGNORE 152 accelerator memory management error
driver IGNORE 153 accelerator timed out
driver NONE 166 traffic before the link was encrypted
driver NONE 170 interrupt in confidential mode
driver RESET_GPU 109 context switch timed out
driver RESET_GPU 110 security fault
driver RESET_GPU 119 firmware did not answer (GSP RPC timeout)
driver RESET_GPU 120 firmware error (GSP)
driver RESTART_APP 32 corrupted push buffer
driver RESTART_VM 151 key rotation failed
driver UPDATE_SWFW 78 vGPU did not start
hardware CHECK_MECHANICALS 54 auxiliary power not connected
hardware IGNORE 63 memory row remapped
hardware IGNORE 92 many corrected memory errors
hardware IGNORE 93 wear limit of the InfoROM
hardware IGNORE 121 chip-to-chip link error
hardware IGNORE 137 NVLink privilege error
hardware IGNORE 157 retirement of a resource failed
hardware IGNORE 161 retirement of a channel failed
hardware NONE 163 power smoothing disengaged
hardware NONE 164 power smoothing near its end of life
hardware NONE 165 power smoothing at its end of life
hardware NONE 167 fatal PCIe timeout
hardware NONE 168 running with less memory
hardware NONE 169 internal microcontroller halted
hardware NONE 171 uncorrectable error in DRAM
hardware NONE 172 uncorrectable error in SRAM
hardware RESET_GPU 46 GPU stopped processing
hardware RESET_GPU 62 internal microcontroller halted
hardware RESET_GPU 64 remapping of a memory row failed
hardware RESET_GPU 95 uncontained memory error
hardware RESET_GPU 136 link training failed
hardware RESET_GPU 140 unrecovered memory error
hardware RESET_GPU 143 GPU did not initialise
hardware RESET_GPU 155 NVLink error reported by software
hardware RESET_GPU 156 resource retired
hardware RESET_GPU 158 fatal timeout of the GPU
hardware RESTART_APP 94 contained memory error
hardware RESTART_BM 79 GPU has fallen off the bus
hardware WORKFLOW_NVLINK5_ERR 144 NVLink error (SAW)
hardware WORKFLOW_NVLINK5_ERR 145 NVLink error (RLW)
hardware WORKFLOW_NVLINK5_ERR 146 NVLink error (TLW)
hardware WORKFLOW_NVLINK5_ERR 147 NVLink error (TREX)
hardware WORKFLOW_NVLINK5_ERR 148 NVLink error (NVLPW_CTRL)
hardware WORKFLOW_NVLINK5_ERR 149 NVLink error (NETIR)
hardware WORKFLOW_NVLINK5_ERR 150 NVLink error (MSE)
hardware WORKFLOW_NVLINK_ERR 74 NVLink error
hardware WORKFLOW_XID_48 48 uncorrectable memory error
`;

const MEANINGS = readTable(TABLE);

function readTable(table: string): ReadonlyMap<number, XidMeaning> {
  const abouts: readonly XidMeaning["about"][] = ["hardware", "application", "driver", "consequence"];
  const meanings = new Map<number, XidMeaning>();
  for (const line of table.trim().split("\n")) {
    const [whose = "", action = "", codes = "", ...words] = line.split(" ");
    const about = abouts.find((name) => name === whose) ?? "hardware";
    for (const code of codes.split(",")) meanings.set(Number(code), { about, action, what: words.join(" ") });
  }
  return meanings;
}

/** What a code means, or null for one that is not in use. */
export function xidMeaning(code: number): XidMeaning | null {
  return MEANINGS.get(code) ?? null;
}

/** The code of a kernel log line such as `NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus`, or null. */
export function xidIn(line: string): number | null {
  const found = /\bxid\b\s*(?:\([^)]*\))?\s*[:=]?\s*(\d{1,6})\b/i.exec(line);
  return found === null ? null : Number(found[1]);
}
