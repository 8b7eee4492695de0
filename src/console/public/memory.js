// What the browser keeps between visits. It may refuse (private windows): then nothing is kept, and nothing breaks.

function shelf(storage) {
  return {
    get(key) {
      try {
        return storage().getItem(`faultline.${key}`);
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        if (value === null || value === "") storage().removeItem(`faultline.${key}`);
        else storage().setItem(`faultline.${key}`, value);
      } catch {
        return;
      }
    },
  };
}

/** Kept for good: the theme, the person's name. */
export const kept = shelf(() => localStorage);

/** Kept for this tab, over a reload: text that was typed and not sent. */
export const drafts = shelf(() => sessionStorage);
