// Times in the reader's own zone. Built once: making a formatter is slow.
const formats = new Map();

function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(undefined, options));
  return formats.get(key);
}

// Twenty-four hours everywhere: at night, 2 and 14 must not look alike.
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY = { day: "numeric", month: "short" };

export function clock(at) {
  return format(TIME).format(at);
}

export function clockSeconds(at) {
  return format({ ...TIME, second: "2-digit" }).format(at);
}

export function day(at, now = Date.now()) {
  const key = (time) => format({ year: "numeric", month: "numeric", day: "numeric" }).format(time);
  if (key(at) === key(now)) return "today";
  if (key(at) === key(now - 86_400_000)) return "yesterday";
  return format(DAY).format(at);
}

/** `02:14`, with the day where it is not today. */
export function moment(at, now = Date.now()) {
  const which = day(at, now);
  return which === "today" ? clock(at) : `${which} ${clock(at)}`;
}

export function utc(at) {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `12 s`, `4 min`, `2 h 5 min`, `3 d`. */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 !== 0) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} d`;
}

const SLACK = {
  "{time}": (at) => clock(at),
  "{time_secs}": (at) => clockSeconds(at),
  "{date_num}": (at) => format({ year: "numeric", month: "2-digit", day: "2-digit" }).format(at),
  "{date}": (at) => format({ dateStyle: "long" }).format(at),
  "{date_short}": (at) => format({ ...DAY, year: "numeric" }).format(at),
  "{date_long}": (at) => format({ dateStyle: "full" }).format(at),
  "{date_pretty}": (at) => day(at),
  "{date_short_pretty}": (at) => day(at),
  "{date_long_pretty}": (at) => day(at),
  "{ago}": (at) => `${span(Date.now() - at)} ago`,
};

/** A date of Slack's mrkdwn in the reader's zone; its fallback where the time is none. */
export function slackDate({ at, format: pattern, fallback }) {
  if (Number.isNaN(new Date(at).getTime())) return fallback;
  return pattern.replace(/\{[a-z_]+\}/g, (name) => SLACK[name]?.(at) ?? name);
}

/** API times are ISO 8601 at the top, milliseconds inside the domain's objects. */
export function toMs(time) {
  return typeof time === "number" ? time : Date.parse(time);
}
