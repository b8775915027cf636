import { element } from "./page.js";
import { LatestOnly } from "./server.js";

/** The slider from the mask to that of the second photo: its whole way is one change. */
export class Interpolation {
  #latest = new LatestOnly(() => this.#draw());
  #from = null;
  #recorded = false;

  constructor(editor) {
    this.editor = editor;
  }

  /** Follow the slider. */
  move() {
    return this.editor.attempt(() => this.#latest.call());
  }

  /** Put the slider back, after another change. */
  end() {
    this.#from = null;
    this.#recorded = false;
    element("interpolate").value = 0;
  }

  async #draw() {
    const { editor } = this;
    const { painter, photo, history } = editor;
    const amount = Number(element("interpolate").value) / 100;
    painter.finishStroke();
    this.#from ??= painter.mask.slice();
    const from = this.#from;
    const mask = amount ? await editor.reference.interpolate(from, amount) : from;
    if (painter.stroke || this.#from !== from || editor.photo !== photo) return;
    if (this.#recorded) history.done.pop();
    painter.setMask(mask);
    this.#recorded = history.record(from, mask);
    editor.updateButtons();
    editor.redraw();
  }
}
