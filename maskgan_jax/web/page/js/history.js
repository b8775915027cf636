import { applyDifference, difference } from "./labels.js";

/**
 * Changes of a label map, each kept as runs of what it changed, so that there can be any number of them; and of the
 * photo under it. A change is {runs, photo}: null where the map or the photo stays, else the photo to go to.
 */
export class History {
  constructor(done = [], undone = []) {
    this.done = done;
    this.undone = undone;
  }

  /** Record the change between two maps, and from a photo; nothing if all stays. Returns whether there was one. */
  record(before, after, photo = null) {
    const runs = difference(before, after);
    if (!runs && !photo) return false;
    this.done.push({ runs, photo });
    this.undone = [];
    return true;
  }

  /** Undo the last change: of a map in place. Returns the photo that is then under it, null if there is no change. */
  undo(mask, photo) {
    return this.#move(this.done, this.undone, mask, photo);
  }

  /** Redo the last change that was undone, likewise. */
  redo(mask, photo) {
    return this.#move(this.undone, this.done, mask, photo);
  }

  #move(from, to, mask, photo) {
    const change = from.pop();
    if (!change) return null;
    if (change.runs) applyDifference(mask, change.runs);
    to.push({ runs: change.runs, photo: change.photo && photo });
    return change.photo ?? photo;
  }
}
