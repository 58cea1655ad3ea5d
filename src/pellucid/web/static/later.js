// Work that takes longer than a frame: begun after a rest, done in slices, given up when it is out of date.

const SLICE = 12; // milliseconds of work between two breaths

/**
 * A function that runs work once nothing has asked for it for a while; work asks `current` whether it still counts.
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

/** A function to await within long work: now and then it lets the page do other things. */
export function breather() {
  let start = performance.now();
  return async () => {
    if (performance.now() - start < SLICE) return;
    await new Promise((done) => setTimeout(done));
    start = performance.now();
  };
}
