import htm from "htm";
import { h } from "preact";

/** Builds elements; every value that is put in is text or an element, never markup. */
export const html = htm.bind(h);
