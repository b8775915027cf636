import { applyDifference, difference } from "./labels.js";

/** Changes of a label map, each kept as runs of what it changed, so that there can be any number of them. */
export class History {
  constructor(done = [], undone = []) {
    this.done = done;
    this.undone = undone;
  }

  /** Record the change between two maps; nothing if they are equal. Returns whether they differ. */
  record(before, after) {
    const change = difference(before, after);
    if (!change) return false;
    this.done.push(change);
    this.undone = [];
    return true;
  }

  /** Undo the last change of a map in place. Returns whether there was one. */
  undo(mask) {
    return this.#move(this.done, this.undone, mask);
  }

  /** Redo the last change that was undone. Returns whether there was one. */
  redo(mask) {
    return this.#move(this.undone, this.done, mask);
  }

  #move(from, to, mask) {
    const change = from.pop();
    if (!change) return false;
    applyDifference(mask, change);
    to.push(change);
    return true;
  }
}
