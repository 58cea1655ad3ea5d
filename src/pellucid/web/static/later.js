// Work that takes longer than a frame: it starts after a rest, runs in slices and stops when it is
// out of date.

const SLICE = 12; // milliseconds of work without a break: less than a frame of 16

/**
 * Return a function that runs `work` after `rest` without another call; `current` says whether its
 * result still counts.
 * @param {number} rest milliseconds
 * @param {(current: () => boolean) => void} work
 */
export function afterRest(rest, work) {
  let [timer, turn] = [0, 0];
  return () => {
    clearTimeout(timer);
    const mine = ++turn;
    timer = window.setTimeout(() => work(() => mine === turn), rest);
  };
}

/** Return a function to await within long work, which lets the page respond now and then. */
export function breather() {
  let start = performance.now();
  return async () => {
    if (performance.now() - start < SLICE) return;
    await new Promise((done) => setTimeout(done));
    start = performance.now();
  };
}
