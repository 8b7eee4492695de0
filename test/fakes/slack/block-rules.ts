/**
 * Slack's documented limits for messages, as a list of what is wrong with one (docs.slack.dev, "Blocks" and
 * "chat.postMessage"). Only the kinds of block that our views may use are known; any other is wrong.
 */
export interface Posted {
  readonly text?: unknown;
  readonly blocks?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const ALL_BLOCKS = 13_200;

export function brokenRules({ text, blocks }: Posted): string[] {
  if (typeof text !== "string" || text.trim() === "") return ["text is missing: notifications would be empty"];
  const faults = text.length > 4000 ? ["text: msg_too_long"] : [];
  if (blocks === undefined) return faults;
  if (!Array.isArray(blocks)) return [...faults, "blocks: not a list"];
  if (blocks.length > 50) faults.push("blocks: more than 50");
  if (JSON.stringify(blocks).length > ALL_BLOCKS) faults.push("blocks: msg_blocks_too_long");
  const ids = blocks.flatMap((block) =>
    isRecord(block) && typeof block["block_id"] === "string" ? [block["block_id"]] : [],
  );
  if (new Set(ids).size !== ids.length) faults.push("blocks: a block_id is there twice");
  if (primaries(blocks) > 1) faults.push("blocks: more than one primary button");
  return [...faults, ...blocks.flatMap((block, index) => blockFaults(block, `/blocks/${index}`))];
}

function primaries(blocks: readonly unknown[]): number {
  return JSON.stringify(blocks).split('"style":"primary"').length - 1;
}

function blockFaults(block: unknown, at: string): string[] {
  if (!isRecord(block)) return [`${at}: not an object`];
  switch (block["type"]) {
    case "header":
      return textFaults(block["text"], `${at}/text`, { max: 150, types: ["plain_text"] });
    case "section":
      return sectionFaults(block, at);
    case "context":
      return listFaults(block["elements"], `${at}/elements`, 10, (element, path) =>
        textFaults(element, path, { max: 3000, types: ["mrkdwn", "plain_text"] }),
      );
    case "divider":
      return [];
    case "actions":
      return actionsFaults(block, at);
    case "rich_text":
      return listFaults(block["elements"], `${at}/elements`, 50, richTextFaults);
    default:
      return [`${at}: unsupported type: ${String(block["type"])}`];
  }
}

function sectionFaults(block: Fields, at: string): string[] {
  const { text, fields } = block;
  if (text === undefined && fields === undefined) return [`${at}: neither text nor fields`];
  return [
    ...(text === undefined ? [] : textFaults(text, `${at}/text`, { max: 3000, types: ["mrkdwn", "plain_text"] })),
    ...(fields === undefined
      ? []
      : listFaults(fields, `${at}/fields`, 10, (field, path) =>
          textFaults(field, path, { max: 2000, types: ["mrkdwn", "plain_text"] }),
        )),
  ];
}

function actionsFaults(block: Fields, at: string): string[] {
  const ids = Array.isArray(block["elements"])
    ? block["elements"].map((element: unknown) => (isRecord(element) ? element["action_id"] : undefined))
    : [];
  const twice = new Set(ids).size !== ids.length ? [`${at}: an action_id is there twice`] : [];
  return [...twice, ...listFaults(block["elements"], `${at}/elements`, 25, buttonFaults)];
}

function buttonFaults(element: unknown, at: string): string[] {
  if (!isRecord(element) || element["type"] !== "button") return [`${at}: not a button`];
  const { action_id: action, value, style, confirm } = element;
  const faults = textFaults(element["text"], `${at}/text`, { max: 75, types: ["plain_text"] });
  if (typeof action !== "string" || action === "" || action.length > 255) faults.push(`${at}/action_id`);
  if (value !== undefined && (typeof value !== "string" || value.length > 2000)) faults.push(`${at}/value: too long`);
  if (style !== undefined && style !== "primary" && style !== "danger") faults.push(`${at}/style`);
  if (confirm === undefined) return faults;
  if (!isRecord(confirm)) return [...faults, `${at}/confirm: not an object`];
  const limits = { title: 100, text: 300, confirm: 30, deny: 30 } as const;
  const plainOnly = ["plain_text"];
  return [
    ...faults,
    ...Object.entries(limits).flatMap(([key, max]) => {
      return textFaults(confirm[key], `${at}/confirm/${key}`, {
        max,
        types: key === "text" ? ["mrkdwn", ...plainOnly] : plainOnly,
      });
    }),
  ];
}

function richTextFaults(element: unknown, at: string): string[] {
  if (!isRecord(element) || element["type"] !== "rich_text_preformatted") return [`${at}: not rich_text_preformatted`];
  return listFaults(element["elements"], `${at}/elements`, 50, (part, path) => {
    const good = isRecord(part) && part["type"] === "text" && typeof part["text"] === "string" && part["text"] !== "";
    return good ? [] : [`${path}: not a text that is not empty`];
  });
}

function textFaults(text: unknown, at: string, { max, types }: { max: number; types: readonly string[] }): string[] {
  if (!isRecord(text) || typeof text["text"] !== "string") return [`${at}: not a text object`];
  const faults = types.includes(String(text["type"])) ? [] : [`${at}: type ${String(text["type"])}`];
  if (text["text"].length === 0 || text["text"].length > max) faults.push(`${at}: length ${text["text"].length}`);
  if (text["type"] === "mrkdwn" && text["emoji"] !== undefined) faults.push(`${at}: emoji in mrkdwn`);
  return faults;
}

function listFaults(list: unknown, at: string, max: number, each: (item: unknown, path: string) => string[]): string[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > max) return [`${at}: not a list of 1 to ${max}`];
  return list.flatMap((item, index) => each(item, `${at}/${index}`));
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
